/** Which networks the hybrid engine takes: those whose inputs go into one product, which the device computes. */
import { EngineError } from "../../errors.ts";
import type { Plan } from "../plan/plan.ts";

/**
 * Checks that the device can compute the product of the encoder's inputs, and that nothing else reads them.
 *
 * @throws {EngineError} when a node needs them here: it names the node.
 */
export function checkInputProduct(
  { spec: { nodes }, products, operators, values, input, forward, tensors }: Plan,
): void {
  const refuse = (id: string, why: string) => {
    throw new EngineError(
      `hybrid: node ${id} ${why}, but the device computes one product of the input, without delay, whose weights are ` +
        "the first tensor: take --engine wasm, or webgpu",
    );
  };
  const normalising = operators.find(({ batchSums }) => batchSums > 0);
  if (normalising) {
    throw new EngineError(
      `hybrid: node ${normalising.node} normalises over the samples of a batch, which are not all there at a time: ` +
        "take --engine wasm",
    );
  }
  const [first, second] = nodes.filter(({ from }) => from.some(({ node }) => node === "input"));
  if (!first || second) refuse(second?.id ?? nodes[0]!.id, first ? "reads the input, too" : "reads no input");
  const product = products.find((product) => product.input.value === input && product.input.delay === 0);
  const others = forward.filter((step) =>
    step.kind === "unpack" || step.kind === "sum" && step.terms.some(({ value }) => value === input)
  );
  const isOperated = operators.some((operator) => operator.input === input);
  if (!product || others.length > 0 || isOperated) return refuse(first!.id, "reads the input otherwise");
  const readers = products.filter((other) => other.input.value === input);
  if (readers.length > 1) refuse(readers[1]!.node, "reads the input, too");
  if (tensors[0]!.name !== product.weight) refuse(product.node, `has its weights behind ${tensors[0]!.name}`);
  if (values[input]!.rows === "each step" && product.weightsBy !== "unit") {
    refuse(product.node, "reads the input otherwise");
  }
}
