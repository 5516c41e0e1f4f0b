// @ts-check
/**
 * Book an appointment over plain HTTP, with the types of each answer. Needs Node 20 and no package.
 *
 * @typedef {{code: string, retryable: boolean, retryAfterMs?: number}} ToolError
 * @typedef {{start: string, end: string, label: string, capacity: number}} Slot
 * @typedef {{bookingId: string, status: string, start: string, technicianName: string}} Booking
 * @typedef {{result: string, error?: ToolError}} Answer
 * @typedef {Answer & {slots: Slot[]}} Slots
 * @typedef {Answer & {booking: Booking, replayed?: boolean}} Booked
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";

const SERVER = process.env.SERVER ?? "http://127.0.0.1:8000";
const KEY = process.env.KEY ?? "";
const CALL_ID = randomUUID();
const CUSTOMER = { customerName: "Kim Doe", customerPhone: "303 555 0150" };

/** Error of a tool. Its message is the sentence that an agent can say. */
class ToolFailure extends Error {
  /**
   * @param {Answer & {error: ToolError}} answer
   * @param {number} status HTTP status
   */
  constructor(answer, status) {
    super(answer.result);
    this.code = answer.error.code;
    this.status = status;
  }
}

/**
 * Call a tool.
 *
 * @template {Answer} T
 * @param {string} tool
 * @param {Record<string, unknown>} args
 * @param {Record<string, string>} [headers]
 * @returns {Promise<T>}
 * @throws {ToolFailure}
 */
async function call(tool, args, headers = {}) {
  const response = await fetch(`${SERVER}/v1/tools/${tool}`, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      "X-Call-Id": CALL_ID,
      ...(KEY && { Authorization: `Bearer ${KEY}` }),
      ...headers,
    },
    body: JSON.stringify(args),
  });
  const answer = await response.json();
  console.log(`${tool}: ${answer.result}`);
  if (!response.ok) throw new ToolFailure(answer, response.status);
  return answer;
}

const found = /** @type {Slots} */ (await call("get_slots", { from: "tomorrow", limit: 2 }));
const start = found.slots[0].start;

const retryable = { "Idempotency-Key": randomUUID() };
const booked = /** @type {Booked} */ (await call("book_slot", { start, ...CUSTOMER }, retryable));
const again = /** @type {Booked} */ (await call("book_slot", { start, ...CUSTOMER }, retryable));
assert.equal(booked.booking.status, "confirmed");
assert.equal(again.replayed, true, "a retry books nothing twice");
assert.equal(again.booking.bookingId, booked.booking.bookingId);

await assert.rejects(call("book_slot", { start: "next year", ...CUSTOMER }), { code: "invalid_argument", status: 400 });
