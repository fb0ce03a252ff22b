// Menus of the bar: one open at a time, closed by Esc or a click elsewhere, arrows move through what is in them.
import { onKey } from "./keys.js";
import { t } from "./language.js";

const ITEMS = "a, button, input:checked";

function close(menu, andFocus) {
  menu.open = false;
  if (andFocus) menu.querySelector("summary").focus();
}

function move(menu, step) {
  const items = Array.from(menu.querySelectorAll(`.menu-body ${ITEMS.split(", ").join(", .menu-body ")}`));
  const at = items.indexOf(document.activeElement);
  const next = at < 0 ? (step > 0 ? 0 : items.length - 1) : (at + step + items.length) % items.length;
  if (items[next]) items[next].focus();
}

export function startMenus() {
  const menus = Array.from(document.querySelectorAll(".bar .menu"));
  for (const menu of menus) {
    menu.addEventListener("toggle", () => {
      if (menu.open) for (const other of menus) if (other !== menu) close(other);
    });
    menu.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && menu.open) {
        close(menu, true);
      } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        menu.open = true;
        move(menu, event.key === "ArrowDown" ? 1 : -1);
      } else {
        return;
      }
      event.preventDefault();
      event.stopPropagation();
    });
  }
  document.addEventListener("click", (event) => {
    for (const menu of menus) if (menu.open && !menu.contains(event.target)) close(menu);
  });
  const [first] = menus;
  const own = menus.find((menu) => menu.matches(".menu-right"));
  const show = (menu) => { menu.open = true; move(menu, 1); };
  if (first) onKey("Alt+m", t("打开菜单"), () => show(first), { inFields: true });
  if (own) onKey("Alt+u", t("我的账号、显示设置、退出"), () => show(own), { inFields: true });
}
