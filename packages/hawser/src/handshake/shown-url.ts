// A URL as errors show it: without what is secret in it.

/**
 * Leaves out the name and password, and the query and the fragment, in which tokens are.
 *
 * Where a password ends cannot be known of a URL that is malformed, perhaps by a slash in the very password: so all goes that
 * has an "@" behind it, escaped or not.
 */
export function shownUrl(url: string | URL): string {
  return (
    String(url)
      // An "@" behind these signs may be the end of a password with such a sign in it, or one more sign of a query.
      .replace(/^([^?#]*)[?#].*(?:@|%40).*$/is, "$1@")
      .replace(/^(\s*[a-z][a-z0-9+.-]*:\/\/)?.*(?:@|%40)/is, "$1***@")
      .replace(/([?#]).+/s, "$1***")
  );
}
