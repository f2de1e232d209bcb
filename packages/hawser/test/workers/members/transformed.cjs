// An ES module as compilers make CommonJS of it.
Object.defineProperty(exports, "__esModule", { value: true });
exports.default = { message: (ws, message) => ws.send(message) };
