// A module whose export is no handler.
export default { mesage() {} };
