#!/bin/sh
# Packs the binary of one target with its licence, completions and manual pages: archive.sh TARGET
set -eu
target=$1
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
name=rbgv-$version-$target
mkdir -p "dist/$name"
cp "target/$target/dist/rbgv" LICENSE README.md "dist/$name/"
cp -R completions docs/man "dist/$name/"
tar -C dist -czf "dist/$name.tar.gz" "$name"
rm -r "dist/$name"
