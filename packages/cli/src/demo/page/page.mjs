// The demo's page: one WebSocket, what goes out, what comes in, and how it ended.

/** Lines that the log keeps, and files among them that can still be saved. */
const MAX_LINES = 500;
const MAX_FILES = 20;
/** Characters of a text that are shown. */
const MAX_SHOWN = 2000;
/** The largest message whose echo counts as a round trip, in bytes: a larger one measures the transfer. */
const MAX_PROBE = 1024;
/** Between two looks at what waits to be sent, in milliseconds: the browser has no event for it. */
const LOOK_EVERY = 50;

const meanings = {
  1000: "all was said",
  1001: "going away: the server is shutting down",
  1002: "the other end broke the protocol",
  1003: "a kind of message that is not taken here",
  1005: "no code was given",
  1006: "no closing handshake: the connection was lost, or never came to be",
  1007: "a message that was not valid",
  1008: "against the other end’s policy",
  1009: "a message that was too big",
  1010: "an extension that was expected is missing",
  1011: "the server failed",
  1012: "the server is restarting",
  1013: "try again later",
  1014: "a gateway got no good answer",
  1015: "TLS failed",
};

const $ = (id) => document.getElementById(id);
const encoder = new TextEncoder();

/** The connection, from its beginning until it has ended. */
let current;
/** Where the last one led. */
let lastUrl;
/** The log shows its end. */
let following = true;

function wantedUrl() {
  const endpoint = document.querySelector("[name=endpoint]:checked").value;
  const path = endpoint === "chat" ? `chat/${encodeURIComponent($("room").value)}` : endpoint;
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/${path}`;
}

function connect() {
  const url = wantedUrl();
  const socket = new WebSocket(url);
  const connection = {
    socket,
    // An echo comes back in order: what was sent first is the first in this list. Elsewhere nothing is timed.
    unanswered: new URL(url).pathname === "/echo" ? [] : undefined,
    opened: false,
    closedHere: false,
  };
  current = connection;
  lastUrl = url;
  $("end").replaceChildren();
  $("round-trip").textContent = connection.unanswered === undefined ? "on Echo only" : "–";
  socket.addEventListener("open", () => {
    connection.opened = true;
    addNote(`connected to ${url}`);
    showPhase();
    $("text").focus();
  });
  socket.addEventListener("message", ({ data }) => received(connection, data));
  socket.addEventListener("close", (event) => ended(connection, event));
  showPhase();
}

function received({ unanswered }, data) {
  const request = unanswered?.shift();
  let about = "";
  if (request !== undefined) {
    const taken = `${(performance.now() - request.at).toFixed(1)} ms`;
    about = `back after ${taken}`;
    if (request.size <= MAX_PROBE) $("round-trip").textContent = taken;
  }
  if (typeof data === "string") {
    addLine("received", "text", sizeOf(data), about, shown(data));
  } else {
    addLine("received", "binary", data.size, about, download(data, request?.name ?? "message.bin"));
  }
}

function send(data, size, name) {
  if (current?.socket.readyState !== WebSocket.OPEN) return;
  current.unanswered?.push({ at: performance.now(), size, name });
  current.socket.send(data);
  if (name === undefined) addLine("sent", "text", size, "", shown(data));
  else addLine("sent", "binary", size, "", name);
  lookAtBuffer(current, current.socket.bufferedAmount);
}

function sendText() {
  const text = $("text").value;
  if (text === "") return;
  send(text, sizeOf(text));
  $("text").value = "";
}

function sendFiles(files) {
  for (const file of files) send(file, file.size, file.name);
}

/** Shows what waits to be sent, until nothing does. `most`: the most that has waited since there was nothing. */
function lookAtBuffer(connection, most) {
  clearTimeout(connection.look);
  const amount = connection.socket.readyState === WebSocket.OPEN ? connection.socket.bufferedAmount : 0;
  const highest = Math.max(most, connection.highest ?? 0, amount);
  connection.highest = amount === 0 ? 0 : highest;
  $("buffered").textContent = formatSize(amount);
  $("progress").max = highest || 1;
  $("progress").value = amount === 0 ? 0 : highest - amount;
  if (amount > 0) connection.look = setTimeout(() => lookAtBuffer(connection, highest), LOOK_EVERY);
}

function close() {
  const code = $("code").value;
  try {
    if (code === "") current.socket.close();
    else current.socket.close(Number(code), $("reason").value);
    current.closedHere = true;
    showPhase();
  } catch (error) {
    addNote(`not closed: ${error.message}`);
  }
}

function ended(connection, { code, reason, wasClean }) {
  current = undefined;
  lookAtBuffer(connection, 0);
  const by = connection.closedHere ? "this page" : "the server";
  const how = connection.opened ? `Closed by ${by} with ${code}` : `Not connected: ${code}`;
  const lines = [`${how}: ${meaningOf(code)}.`, reason === "" ? "No reason was given." : `Reason: ${reason}`];
  lines.push(
    wasClean ? "Clean: both ends said goodbye." : "Not clean: there was no whole closing handshake.",
  );
  $("end").replaceChildren(...lines.map((line) => element("p", "", line)));
  $("end").className = wasClean ? "" : "unclean";
  addNote(`${how}${reason === "" ? "" : ` (${reason})`}`);
  showPhase();
  // The focus must not be lost with the field that had it.
  if (document.activeElement.matches("body, :disabled")) $("connect").focus();
}

function meaningOf(code) {
  if (code in meanings) return meanings[code];
  return code < 4000 ? "a code of a library’s or framework’s own" : "a code of the application’s own";
}

/** Brings every control into line with where the connection stands. */
function showPhase() {
  const state = current?.socket.readyState ?? WebSocket.CLOSED;
  const open = state === WebSocket.OPEN;
  const words = ["Connecting to", "Connected to", "Closing", "Not connected"];
  $("status").textContent = current ? `${words[state]} ${current.socket.url}` : words[state];
  $("status").dataset.phase = open ? "open" : "closed";
  $("choice").disabled = current !== undefined;
  $("connect").disabled = current !== undefined;
  $("connect").textContent = current === undefined && lastUrl === wantedUrl() ? "Reconnect" : "Connect";
  $("close").disabled = state > WebSocket.OPEN;
  for (const id of ["text", "send", "files", "choose"]) $(id).disabled = !open;
  $("room-line").hidden = document.querySelector("[name=endpoint]:checked").value !== "chat";
  $("room").disabled = $("room-line").hidden;
}

function addNote(text) {
  addLine("note", "", undefined, "", text);
}

function addLine(direction, kind, size, about, content) {
  const log = $("log");
  const signs = { sent: "↑ sent", received: "↓ received", note: "•" };
  const time = element("time", "", new Date().toLocaleTimeString([], { hour12: false }));
  const head = [signs[direction], kind, size === undefined ? "" : formatSize(size), about];
  const line = element("div", direction);
  line.append(time, element("span", "about", ` ${head.filter((part) => part !== "").join(" · ")}`));
  const body = element("div", "content");
  body.append(content);
  line.append(body);
  log.append(line);
  for (const link of [...log.querySelectorAll("a")].slice(0, -MAX_FILES)) forget(link);
  while (log.children.length > MAX_LINES) {
    for (const link of log.firstElementChild.querySelectorAll("a")) forget(link);
    log.firstElementChild.remove();
  }
  follow();
}

/** Shows the last line, unless somebody has scrolled back to read. */
function follow() {
  if (following) $("log").scrollTop = $("log").scrollHeight;
}

/** What came, to be saved: its link holds it in memory until it is forgotten. */
function download(blob, name) {
  const link = element("a", "", `Save ${name}`);
  link.href = URL.createObjectURL(blob);
  link.download = name;
  return link;
}

function forget(link) {
  URL.revokeObjectURL(link.href);
  link.replaceWith(`${link.download} (no longer kept)`);
}

function element(name, className, text = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

function shown(text) {
  const more = text.length - MAX_SHOWN;
  return more > 0 ? `${text.slice(0, MAX_SHOWN)}… (${more} more characters)` : text;
}

function sizeOf(text) {
  return encoder.encode(text).length;
}

function formatSize(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  const mebi = bytes / 1024 ** 2;
  return mebi < 1 ? `${(bytes / 1024).toFixed(1)} KiB` : `${mebi.toFixed(2)} MiB`;
}

/** A form that is not sent, but does something here. */
function onSubmit(id, act) {
  $(id).addEventListener("submit", (event) => {
    event.preventDefault();
    act();
  });
}

onSubmit("connection", connect);
onSubmit("closing", close);
onSubmit("composer", sendText);
$("connection").addEventListener("input", showPhase);
$("text").addEventListener("keydown", (event) => {
  // While an input method composes, Enter is its own.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  sendText();
});
$("log").addEventListener("scroll", () => {
  const { scrollHeight, scrollTop, clientHeight } = $("log");
  following = scrollHeight - scrollTop - clientHeight < 40;
});
new ResizeObserver(follow).observe($("log"));
$("choose").addEventListener("click", () => $("files").click());
$("files").addEventListener("change", () => {
  sendFiles($("files").files);
  $("files").value = "";
});
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  $("talk").classList.toggle("over", current?.socket.readyState === WebSocket.OPEN);
});
document.addEventListener("dragleave", () => $("talk").classList.remove("over"));
document.addEventListener("drop", (event) => {
  // Without this the browser would leave the page for the file.
  event.preventDefault();
  $("talk").classList.remove("over");
  sendFiles(event.dataTransfer.files);
});
showPhase();
