// Board: count down holds, and drag a booking to another time or technician.
"use strict";

const boardNow = () => {
  const board = document.getElementById("board");
  if (!board) return 0;
  // The server's time at rendering, plus the time elapsed since on this machine's clock.
  if (board.seenAt === undefined) board.seenAt = performance.now();
  return Number(board.dataset.now) + performance.now() - board.seenAt;
};

const countDown = () => {
  const now = boardNow();
  let hasExpired = false;
  for (const timer of document.querySelectorAll("[data-expires]")) {
    const seconds = Math.max(0, Math.ceil((Number(timer.dataset.expires) - now) / 1000));
    const shown = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    if (timer.textContent !== shown) timer.textContent = shown;
    hasExpired ||= seconds === 0;
  }
  if (hasExpired) htmx.trigger("#board", "refresh");
};

const drag = { block: null, from: null, origin: null, minute: 0, technician: null, hasMoved: false };
let hasPendingRefresh = false; // a newer board arrived during a drag or an open dialog

const isBusy = () => drag.block !== null || document.querySelector("dialog[open]") !== null;

const release = () => {
  document.querySelectorAll(".under").forEach((line) => line.classList.remove("under"));
  document.querySelectorAll(".drag-label").forEach((label) => label.remove());
  if (drag.block) {
    drag.block.classList.remove("dragged");
    drag.block.style.transform = "";
  }
  drag.block = null;
  if (hasPendingRefresh && !isBusy()) {
    hasPendingRefresh = false;
    htmx.trigger("#board", "refresh");
  }
};

const clockAt = (minute, zone) =>
  new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: zone }).format(minute * 60000);

const begin = (event) => {
  const link = event.target.closest?.("[data-movable] a[data-move]");
  if (!link || event.button !== 0 || event.pointerType === "touch") return;
  drag.block = link.closest(".block");
  drag.link = link;
  drag.board = link.closest(".board");
  drag.origin = { x: event.clientX, y: event.clientY };
  drag.from = link.closest(".line");
  drag.minute = Number(link.dataset.start);
  drag.technician = drag.from;
  drag.hasMoved = false;
};

const move = (event) => {
  if (!drag.block) return;
  const [x, y] = [event.clientX - drag.origin.x, event.clientY - drag.origin.y];
  if (!drag.hasMoved && Math.hypot(x, y) < 6) return;
  if (!drag.hasMoved) {
    drag.hasMoved = true;
    drag.block.classList.add("dragged");
    drag.label = document.createElement("span");
    drag.label.className = "drag-label";
    drag.block.append(drag.label);
  }
  event.preventDefault();
  const { columns, minutes, step, zone } = drag.board.dataset;
  const wide = drag.from.querySelector(".track").getBoundingClientRect().width;
  const steps = Math.round((x / wide) * columns * minutes / step);
  drag.minute = Number(drag.link.dataset.start) + steps * step;
  const under = document.elementFromPoint(event.clientX, event.clientY)?.closest?.(".line[data-technician]");
  drag.technician = under ?? drag.technician;
  document.querySelectorAll(".under").forEach((line) => line.classList.remove("under"));
  drag.technician.classList.add("under");
  const across = (steps * step / minutes / columns) * wide;
  drag.block.style.transform = `translate(${across}px, ${y}px)`;
  drag.label.textContent = `${clockAt(drag.minute, zone)} with ${drag.technician.dataset.name}`;
};

const drop = () => {
  if (!drag.block) return;
  const { link, minute, technician, from, hasMoved, board } = drag;
  const isElsewhere = minute !== Number(link.dataset.start) || technician !== from;
  release();
  if (hasMoved && isElsewhere) confirmMove(link, minute, technician, from, board);
};

const confirmMove = (link, minute, technician, from, board) => {
  const dialog = document.getElementById("move-dialog");
  const form = dialog.querySelector("form");
  const zone = board.dataset.zone;
  form.action = link.dataset.move;
  form.elements.minute.value = minute;
  form.elements.technician.value = technician === from ? "" : technician.dataset.technician;
  dialog.querySelector(".move-summary").textContent =
    `${link.dataset.title}: from ${clockAt(Number(link.dataset.start), zone)} with ${from.dataset.name} ` +
    `to ${clockAt(minute, zone)} with ${technician.dataset.name}.`;
  dialog.showModal();
};

document.addEventListener("pointerdown", begin);
document.addEventListener("pointermove", move);
document.addEventListener("pointerup", drop);
document.addEventListener("pointercancel", release);
document.addEventListener("keydown", (event) => { if (event.key === "Escape" && drag.block) release(); });
document.addEventListener("click", (event) => event.target.closest?.("[data-close]")?.closest("dialog")?.close());
document.addEventListener("click", (event) => {
  if (drag.hasMoved && event.target.closest?.("a") === drag.link) event.preventDefault(); // a drag, not a click
}, true);
document.addEventListener("close", () => release(), true);

// Delay a newer board until the drag or the dialog ends.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id === "board" && isBusy()) {
    event.detail.shouldSwap = false;
    hasPendingRefresh = true;
  }
});

setInterval(countDown, 1000);
