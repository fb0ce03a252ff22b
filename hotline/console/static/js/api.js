// Calls of /api/v1: CSRF token, problem details as errors, log-in or unlocking in place when the session asks for it.
import { t } from "./language.js";
import { csrfToken, logInAgain, mended } from "./session.js";

export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || t("请求失败，请重试。"));
    this.status = status;
    this.kind = (body.type || "").replace("urn:hotline:problem:", "");
    this.errors = body.errors || [];
  }
}

export function newKey() {
  // crypto.randomUUID needs Chromium 92 and https
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}

async function readBody(response) {
  const text = await response.text();
  if (!text) return null;
  try {
    return JSON.parse(text);
  } catch (error) {
    return { title: t("服务没有正常回答，请稍后重试。") };
  }
}

// Sends once, and once more after a log-in or unlocking in place; the idempotency key makes the repeat harmless.
export async function request(method, path, body, options = {}) {
  const headers = { Accept: "application/json", ...(options.headers || {}) };
  let payload = body;
  if (body !== undefined && !(body instanceof Blob)) {
    headers["Content-Type"] = "application/json";
    payload = JSON.stringify(body);
  }
  for (let attempt = 0; ; attempt += 1) {
    headers["X-CSRF-Token"] = csrfToken();
    let response;
    try {
      response = await fetch(path, { method, headers, body: payload, keepalive: Boolean(options.keepalive) });
    } catch (error) {
      throw new Problem(0, { detail: t("连不上服务，内容未提交；请检查网络后再试。") });
    }
    if (response.status === 204) return null;
    const answer = await readBody(response);
    if (response.ok) return answer;
    const problem = new Problem(response.status, answer || {});
    // quiet: a wrong password is no ended session; a lock is one whoever asks
    if (attempt > 0 || (options.quiet && response.status !== 423)) throw problem;
    const wait = problem.kind === "csrf" ? logInAgain() : mended(response.status);
    if (!wait) throw problem;
    await wait;
  }
}

export const get = (path, options) => request("GET", path, undefined, options);
export const post = (path, body, options) => request("POST", path, body === undefined ? {} : body, options);
export const put = (path, body, options) => request("PUT", path, body, options);
