/** Licences of packages that name one and forget to bring its text: each as its authors publish it. */

const APACHE_2 = new URL("apache_2.0.txt", import.meta.url);

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

/** Of each such package its licence, and who holds the copyright. */
const ABSENT: Readonly<Record<string, readonly [license: string, copyright: string]>> = {
  "@tensorflow/tfjs-backend-cpu": ["Apache-2.0", "Copyright 2024 Google LLC. All Rights Reserved."],
  "@tensorflow/tfjs-backend-webgpu": ["Apache-2.0", "Copyright 2024 Google LLC. All Rights Reserved."],
  "@tensorflow/tfjs-core": ["Apache-2.0", "Copyright 2024 Google LLC. All Rights Reserved."],
  "seedrandom": ["MIT", "Copyright 2019 David Bau."],
  "tr46": ["MIT", "Copyright (c) Sebastian Mayr"],
};

/** What `deno compile` puts a program behind. */
export const DENO_LICENSE = `Copyright 2018-2026 the Deno authors\n\n${MIT}`;

/** The text of a package's licence, where it is known to bring none; `undefined` where nothing is known of it. */
export async function absentLicense(name: string, license: string): Promise<string | undefined> {
  const known = ABSENT[name];
  if (known?.[0] !== license) return undefined;
  return `${known[1]}\n\n${license === "MIT" ? MIT : await Deno.readTextFile(APACHE_2)}`;
}
