import assert from "node:assert/strict";
import { updateOf } from "../../src/cli/optimizer_options.ts";
import { withRecipe } from "../../src/cli/training_options.ts";

Deno.test("withRecipe() takes a recipe's moving average, and what the user wrote in its place", () => {
  const recipe = { optimizer: "adam", ema: 0.99 } as const;
  const emaOf = (written: { readonly optimizer?: "sgd"; readonly ema?: number }) => {
    const options = withRecipe({ optimizer: "sgd" as const, ...written }, recipe, (name) => name in written);
    return updateOf(options).ema;
  };
  assert.equal(emaOf({}), 0.99);
  assert.equal(emaOf({ optimizer: "sgd" }), 0.99);
  assert.equal(emaOf({ ema: 0.5 }), 0.5);
  assert.equal(emaOf({ ema: 0 }), undefined);
});
