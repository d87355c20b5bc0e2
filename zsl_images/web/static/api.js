// Requests to the server. The token, if there is one, comes behind the # of the page's address.

const given = new URLSearchParams(location.hash.slice(1)).get("token");
if (given) {
  sessionStorage.setItem("token", given);
  history.replaceState(null, "", location.pathname);
}
const token = sessionStorage.getItem("token");

export async function ask(path, options = {}) {
  const headers = { ...options.headers, ...(token && { Authorization: `Bearer ${token}` }) };
  let answer;
  try {
    answer = await fetch(path, { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The server does not answer. Is `zsl serve` still running?");
  }
  if (answer.ok) return answer;
  const { detail } = await answer.json().catch(() => ({}));
  const text = typeof detail === "string" ? detail : detail?.map((one) => one.msg).join("; ");
  throw Object.assign(new Error(text ?? `The server answers ${answer.status}.`), { status: answer.status });
}

export function post(path, body, signal) {
  const headers = { "Content-Type": "application/json" };
  return ask(path, { method: "POST", headers, body: JSON.stringify(body), signal });
}

export async function predict(files) {
  const form = new FormData();
  for (const file of files) form.append("photos", file, file.name);
  for (;;) {
    try {
      return await (await ask("/predict?explain=true", { method: "POST", body: form })).json();
    } catch (error) {
      if (error.status !== 429) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}
