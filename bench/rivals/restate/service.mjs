// Decides what an order's handler is in Restate: five steps, each made durable before the next one begins, and each
// answering at once.
//
// node service.mjs PORT

import * as restate from "@restatedev/restate-sdk";

// The SDK uses what Node has from version 22 on.
Promise.withResolvers ??= function () {
  let resolve, reject;
  const promise = new this((yes, no) => ([resolve, reject] = [yes, no]));
  return { promise, resolve, reject };
};

const step = (status) => () => ({ status, at: Date.now() });

const process_ = async (ctx, order) => {
  const history = [];
  history.push(await ctx.run("validate", step("VALIDATING")));
  history.push(await ctx.run("inventory", step("INVENTORY_CHECK")));
  history.push(await ctx.run("payment", step("PAYMENT_PROCESSING")));
  history.push(await ctx.run("fulfilment", step("FULFILLMENT")));
  history.push(await ctx.run("complete", step("COMPLETED")));
  return { customerId: order.customerId, status: "COMPLETED", history };
};

const orders = restate.service({ name: "orders", handlers: { process: process_ } });
const port = Number(globalThis.process.argv[2]);
// One line a step would be most of the work.
await restate.serve({ services: [orders], port, logger: () => {} });
console.log(`listening on ${port}`);
