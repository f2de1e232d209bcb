// The reason phrases of the statuses that a handshake may be answered with.

// RFC 9110 §15; 428 to 431 and 511 from RFC 6585.
const phrases: ReadonlyMap<number, string> = new Map([
  [101, "Switching Protocols"],
  [300, "Multiple Choices"],
  [301, "Moved Permanently"],
  [302, "Found"],
  [303, "See Other"],
  [304, "Not Modified"],
  [307, "Temporary Redirect"],
  [308, "Permanent Redirect"],
  [400, "Bad Request"],
  [401, "Unauthorized"],
  [402, "Payment Required"],
  [403, "Forbidden"],
  [404, "Not Found"],
  [405, "Method Not Allowed"],
  [406, "Not Acceptable"],
  [407, "Proxy Authentication Required"],
  [408, "Request Timeout"],
  [409, "Conflict"],
  [410, "Gone"],
  [413, "Content Too Large"],
  [414, "URI Too Long"],
  [421, "Misdirected Request"],
  [422, "Unprocessable Content"],
  [425, "Too Early"],
  [426, "Upgrade Required"],
  [428, "Precondition Required"],
  [429, "Too Many Requests"],
  [431, "Request Header Fields Too Large"],
  [451, "Unavailable For Legal Reasons"],
  [500, "Internal Server Error"],
  [501, "Not Implemented"],
  [502, "Bad Gateway"],
  [503, "Service Unavailable"],
  [504, "Gateway Timeout"],
  [505, "HTTP Version Not Supported"],
  [507, "Insufficient Storage"],
  [511, "Network Authentication Required"],
]);

/** The reason phrase of a status; for one that the table lacks, that of its class, which is how it is to be read (RFC 9110 §15). */
export function reasonPhrase(status: number): string {
  const known = phrases.get(status);
  if (known !== undefined) return known;
  if (status < 400) return "Redirection";
  return status < 500 ? "Client Error" : "Server Error";
}
