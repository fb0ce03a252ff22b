// Parts of a page fetched from the server: one request a pane, the newest wins, scrolling stays.
const AT_END_PX = 40;

// Fetches `path` into `target`; keeps the place, and follows the end of a growing transcript.
export async function fill(target, path) {
  const same = target.shownPath === path;
  const atEnd = same && target.scrollHeight > target.clientHeight
    && target.scrollTop + target.clientHeight >= target.scrollHeight - AT_END_PX;
  const place = same ? target.scrollTop : 0;
  target.setAttribute("hx-sync", "this:replace");
  await htmx.ajax("GET", path, { target, source: target, swap: "innerHTML" });
  target.scrollTop = atEnd ? target.scrollHeight : place;
}

export function empty(target, text) {
  const line = document.createElement("p");
  line.className = "empty";
  line.textContent = text;
  target.replaceChildren(line);
  target.shownText = null;
  target.shownPath = null;
}

// Calls `action` soon, once for many calls close together.
export function soon(action, delayMs = 40) {
  let timer = null;
  return () => {
    if (timer !== null) return;
    timer = setTimeout(() => {
      timer = null;
      action();
    }, delayMs);
  };
}
