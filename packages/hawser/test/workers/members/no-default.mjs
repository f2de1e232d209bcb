// A module without an export by default.
export const handler = {};
