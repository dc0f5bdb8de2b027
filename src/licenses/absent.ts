/** Texts of licences for packages that name one and do not contain its text: each as its authors publish it. */

import { join } from "node:path";
import { findCompiler } from "./packages.ts";

const MIT = `Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
`;

/** The licence of each such package, and its copyright notice. */
const ABSENT: Readonly<Record<string, readonly [license: string, copyright: string]>> = {
  "@tensorflow/tfjs-backend-cpu": ["Apache-2.0", "Copyright 2024 Google LLC. All Rights Reserved."],
  "@tensorflow/tfjs-backend-webgpu": ["Apache-2.0", "Copyright 2024 Google LLC. All Rights Reserved."],
  "@tensorflow/tfjs-core": ["Apache-2.0", "Copyright 2024 Google LLC. All Rights Reserved."],
  "seedrandom": ["MIT", "Copyright 2019 David Bau."],
  "tr46": ["MIT", "Copyright (c) Sebastian Mayr"],
};

/** Of Deno's runtime, which `deno compile` puts before a program. */
export const DENO_LICENSE = `Copyright 2018-2026 the Deno authors\n\n${MIT}`;

/** The text of a package's licence, where the package is in the list; `undefined` where it is not. */
export async function absentLicense(name: string, license: string): Promise<string | undefined> {
  // Apache's is that of the kernels' compiler, on which every bundle depends.
  const [known, copyright] = ABSENT[name] ?? [];
  if (known !== license) return undefined;
  return `${copyright}\n\n${
    license === "MIT" ? MIT : await Deno.readTextFile(join(findCompiler(), "LICENSE"))
  }`;
}
