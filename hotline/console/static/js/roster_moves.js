// A shift on its way: by keys (arrows, Shift+arrows for its length, Enter, Esc) or by mouse, to another day, time or person.
import { t } from "./language.js";
import { DAY_MS, HOUR_MS, WEEK_MS, describe, hours, place, weekBegin } from "./roster_board.js";

const STEP_MS = HOUR_MS / 2;
const FINE_MS = HOUR_MS / 4;
const SHORTEST_MS = HOUR_MS / 2;
const LONGEST_MS = 36 * HOUR_MS;
const DRAG_PX = 4;
const EDGE_PX = 8;

// page: {plan(), lanes(), save(item, to), tell(text)}; save resolves true when it is stored.
export function startMoves(board, page) {
  let edit = null;

  const within = (to) => to.end > weekBegin(page.plan()) && to.start < weekBegin(page.plan()) + WEEK_MS;
  const same = () => ["queue", "user_id", "start", "end"].every((name) => edit.to[name] === edit.item[name]);

  function show() {
    const { part, to } = edit;
    part.classList.add("editing");
    const lane = page.lanes().get(`${to.queue}/${to.user_id}`);
    if (part.parentElement !== lane) {
      const focused = document.activeElement === part;
      lane.append(part);
      if (focused) part.focus();
    }
    place(part, page.plan(), to.start, to.end);
    part.textContent = describe(page.plan(), { ...edit.item, ...to }).split(" · ").pop();
    page.tell(t("{what}，{hours} 小时　Enter 保存　Esc 放弃", { what: describe(page.plan(), { ...edit.item, ...to }), hours: hours(to.end - to.start) }));
  }

  function begin(part) {
    if (edit && edit.part === part) return;
    if (edit) cancel();
    const { item } = part;
    edit = { part, item, home: part.parentElement, to: { queue: item.queue, user_id: item.user_id, start: item.start, end: item.end } };
  }

  function cancel() {
    if (!edit) return;
    const { part, item, home } = edit;
    edit = null;
    const focused = document.activeElement === part;
    part.classList.remove("editing");
    if (home.isConnected) home.append(part);
    place(part, page.plan(), item.start, item.end);
    part.textContent = describe(page.plan(), item).split(" ").pop();
    if (focused) part.focus();
    page.tell("");
  }

  async function save() {
    if (!edit) return;
    if (same()) {
      cancel();
      return;
    }
    const { item, to } = edit;
    edit.saving = true;
    if (await page.save(item, to)) edit = null;
    else if (edit) edit.saving = false;
  }

  // After somebody else's change the board is drawn anew; the move stays, to be saved or given up.
  function resume() {
    if (!edit) return;
    const part = board.querySelector(`[data-shift="${edit.item.id}"]`);
    if (!part) {
      edit = null;
      page.tell(t("这个班次已被他人删去。"));
      return;
    }
    edit.part = part;
    edit.home = part.parentElement;
    edit.item = part.item;
    if (!page.lanes().has(`${edit.to.queue}/${edit.to.user_id}`)) Object.assign(edit.to, { queue: edit.item.queue, user_id: edit.item.user_id });
    show();
    part.focus();
  }

  function shift(byMs) {
    const to = { ...edit.to, start: edit.to.start + byMs, end: edit.to.end + byMs };
    if (within(to)) edit.to = to;
  }

  function stretch(byMs) {
    const length = edit.to.end + byMs - edit.to.start;
    if (length >= SHORTEST_MS && length <= LONGEST_MS) edit.to.end += byMs;
  }

  function change(by) {
    const keys = [...page.lanes().keys()];
    const at = keys.indexOf(`${edit.to.queue}/${edit.to.user_id}`) + by;
    if (at < 0 || at >= keys.length) return;
    const [queue, user] = keys[at].split("/");
    edit.to = { ...edit.to, queue, user_id: Number(user) };
  }

  board.addEventListener("keydown", (event) => {
    const part = event.target.closest("[data-shift]");
    if (!part || event.altKey || event.metaKey) return;
    const sideways = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const upright = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (edit && edit.saving) {
      event.preventDefault();
      return;
    }
    if (sideways || upright) {
      event.preventDefault();
      begin(part);
      if (sideways && event.shiftKey) stretch(sideways * STEP_MS);
      else if (sideways) shift(sideways * (event.ctrlKey ? DAY_MS : STEP_MS));
      else if (!event.shiftKey) change(upright);
      show();
    } else if (event.key === "Enter" && edit) {
      event.preventDefault();
      save();
    } else if (event.key === "Escape" && edit) {
      event.preventDefault();
      cancel();
    }
  });
  // leaving a moved shift unsaved would look as if it were stored
  board.addEventListener("focusout", (event) => {
    if (edit && !edit.held && event.target === edit.part && !edit.saving) {
      setTimeout(() => { if (edit && document.activeElement !== edit.part && document.activeElement !== document.body) cancel(); }, 0);
    }
  });

  board.addEventListener("pointerdown", (event) => {
    const part = event.target.closest("[data-shift]");
    if (!part || event.button !== 0 || (edit && edit.saving)) return;
    const box = part.getBoundingClientRect();
    const held = { x: event.clientX, y: event.clientY, edge: box.right - event.clientX <= EDGE_PX && box.width > 2 * EDGE_PX, moved: false };
    const msPerPx = WEEK_MS / part.parentElement.getBoundingClientRect().width;
    const follow = (now) => {
      if (!held.moved && Math.hypot(now.clientX - held.x, now.clientY - held.y) < DRAG_PX) return;
      if (!held.moved) {
        begin(part);
        edit.held = true;
        held.moved = true;
        part.focus();
      }
      const grain = now.shiftKey ? FINE_MS : STEP_MS;
      const by = Math.round(((now.clientX - held.x) * msPerPx) / grain) * grain;
      edit.to = { queue: edit.item.queue, user_id: edit.item.user_id, start: edit.item.start, end: edit.item.end };
      if (held.edge) stretch(by);
      else {
        shift(by);
        const lane = document.elementsFromPoint(now.clientX, now.clientY).find((each) => each.matches(".lane[data-user]"));
        if (lane) edit.to = { ...edit.to, queue: lane.dataset.queue, user_id: Number(lane.dataset.user) };
      }
      show();
    };
    const stop = () => {
      document.removeEventListener("pointermove", follow);
      document.removeEventListener("pointerup", drop);
      document.removeEventListener("keydown", giveUp, true);
      if (edit) edit.held = false;
    };
    const drop = () => {
      stop();
      if (held.moved && edit) save();
    };
    const giveUp = (key) => {
      if (key.key !== "Escape") return;
      key.preventDefault();
      stop();
      cancel();
    };
    document.addEventListener("pointermove", follow);
    document.addEventListener("pointerup", drop);
    document.addEventListener("keydown", giveUp, true);
  });
  return { resume, cancel, moving: () => edit !== null };
}
