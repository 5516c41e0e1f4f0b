// Reads a JSON list of texts, and prints the number of o200k tokens of each as a JSON list.
const { countTokens } = require("gpt-tokenizer/encoding/o200k_base");

const texts = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(texts.map((text) => countTokens(text))));
