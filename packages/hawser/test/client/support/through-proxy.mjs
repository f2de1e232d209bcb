// Sends one message to an echo through a proxy, and prints what came back, or how connect failed. Started by proxy-tls.test.ts.
import process from "node:process";
import { connect } from "../../../src/index.ts";

const [url, proxy] = process.argv.slice(2);
try {
  const ws = await connect(url, { proxy, network: { family: 4 } });
  ws.send("through");
  console.log(await ws.receive());
  await ws.close();
} catch (error) {
  console.log(`${error.name} ${error.status} ${error.cause?.code}: ${error.message}`);
}
