// InputError: what stands on standard input, or in a file, cannot be sent.

/** Its message is for people, on one line: it is all that is said before the program ends with the code for wrong use. */
export class InputError extends Error {}
