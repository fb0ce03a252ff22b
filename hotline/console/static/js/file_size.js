// A file too large for one upload is refused when it is chosen: no minute of sending, and what to do instead is said.
import { t } from "./language.js";

// A request holds 16 MiB (hotline/web/limits.py); a form puts a little around its file.
const MOST_BYTES = 16 * 1024 * 1024 - 64 * 1024;

function check(input) {
  const [file] = input.files;
  const large = file && file.size > MOST_BYTES;
  input.setCustomValidity(large
    ? t("文件有 {size} MB，一次最多上传 16 MB。请拆成几个文件；来电导出文件也可由系统管理员在服务器上用 hotline import 导入，大小不限。", { size: Math.ceil(file.size / 1048576) })
    : "");
  if (large) input.reportValidity();
}

export function startFileSizes() {
  document.addEventListener("change", (event) => {
    if (event.target.type === "file") check(event.target);
  });
}
