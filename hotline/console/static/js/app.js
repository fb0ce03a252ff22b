// What every page has: keys and help, theme, clock, live stream, alarms, answers of a session that ended.
import { startAccess } from "./access.js";
import { startAlarms } from "./alarms.js";
import { startDialogs } from "./dialogs.js";
import { dropOthersDrafts, keepDrafts } from "./drafts.js";
import { failed, mayRetry, recovered, retryFirst } from "./failures.js";
import { startFileSizes } from "./file_size.js";
import { startFinding } from "./finding.js";
import { onKey, showHelp, startKeys } from "./keys.js";
import { startIdleLock } from "./idle.js";
import { t } from "./language.js";
import { startLive, watchSilence } from "./live.js";
import { startMenus } from "./menus.js";
import { startNotices } from "./notices.js";
import { mended } from "./session.js";
import { startSettings } from "./settings.js";
import { startTabs } from "./tabs.js";
import { everySecond, startTicking, tickNow } from "./ticking.js";
import { toast } from "./toasts.js";

// More rows of a table are asked for by a button in a row of its own, which stays.
const noMore = (button, why) => failed(button.parentElement, why, () => htmx.trigger(button, "click"), false);

function startFragments() {
  // a part that did not change is left alone: focus, selection and scrolling stay
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    const { target, xhr } = event.detail;
    const wait = mended(xhr.status);
    if (wait) {
      wait.then(() => {
        if (event.detail.requestConfig.triggeringEvent) htmx.trigger(target, event.detail.requestConfig.triggeringEvent.type);
      });
      return;
    }
    if (xhr.status >= 400) return;
    recovered(target);
    if (target.shownText === xhr.responseText && event.detail.requestConfig.path === target.shownPath) {
      event.detail.shouldSwap = false;
      return;
    }
    target.shownText = xhr.responseText;
    target.shownPath = event.detail.requestConfig.path;
  });
  document.body.addEventListener("htmx:afterSwap", () => tickNow());
  document.body.addEventListener("htmx:responseError", (event) => {
    const { elt, target, xhr: { status } } = event.detail;
    if (status === 401 || status === 404 || status === 423) return;
    const why = status === 403 ? t("没有权限读取这部分内容。") : t("服务没有正常回答，请稍后重试。");
    const { triggeringEvent } = event.detail.requestConfig;
    if (elt.matches("button")) noMore(elt, why);
    else if (!triggeringEvent) toast(why, true);
    else failed(target, why, () => htmx.trigger(elt, triggeringEvent.type), false);
  });
  document.body.addEventListener("htmx:sendError", ({ detail: { elt } }) => {
    if (elt.matches("button")) noMore(elt, t("连不上服务，恢复后再读。"));
  });
}

startKeys();
startDialogs();
dropOthersDrafts();
keepDrafts();
startSettings();
startTabs();
if (document.body.dataset.userId) {
  onKey("?", t("打开这个帮助"), showHelp);
  onKey("Alt+z", t("重试没有读到的部分"), retryFirst, { inFields: true, when: mayRetry });
  document.getElementById("help-button").addEventListener("click", showHelp);
  startMenus();
  startFileSizes();
  startFinding();
  startTicking();
  startAccess();
  startIdleLock();
}
startFragments();
if (document.body.dataset.live === "yes") {
  startAlarms();
  startNotices();
  startLive();
  everySecond(watchSilence);
}
