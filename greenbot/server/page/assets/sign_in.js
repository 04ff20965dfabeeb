// The token goes to the server once, in a header; what stays is a cookie no script can read.
const SESSION = "/api/v1/monitoring/session/viewer";
const RETRIED = "greenbot-retried";
const problem = document.getElementById("problem");
const field = document.getElementById("token");

// A link from another site comes without the cookie (SameSite=Strict): when we have one, the page opens after all.
async function enterWithKeptSession() {
  if (sessionStorage.getItem(RETRIED)) {
    sessionStorage.removeItem(RETRIED);
    return;
  }
  const answer = await fetch(SESSION, { cache: "no-store" });
  if (answer.ok) {
    sessionStorage.setItem(RETRIED, "yes");
    location.reload();
  }
}

function words(status) {
  if (status === 429) return "Too many wrong tokens from this address. Wait a minute, then try again.";
  if (status === 401) return "This is not the viewer token of this service.";
  if (status === 403) return "The server does not take this page for its own. A proxy has to pass the Host header on.";
  if (status === 421) return "The server does not go by this name. Add it to server.allowed_hosts.";
  return `The server answered ${status}.`;
}

async function signIn(token) {
  // A header takes no other characters; no token has any.
  if (!/^[!-~]+$/.test(token)) return words(401);
  const answer = await fetch(SESSION, { method: "POST", headers: { Authorization: `Bearer ${token}` } });
  if (!answer.ok) return words(answer.status);
  sessionStorage.removeItem(RETRIED);
  location.reload();
  return "";
}

document.getElementById("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const token = field.value.trim();
  problem.textContent = "";
  try {
    problem.textContent = await signIn(token);
  } catch {
    problem.textContent = "The server cannot be reached.";
  }
  if (problem.textContent) field.select();
});

field.focus();
enterWithKeptSession().catch(() => {});
