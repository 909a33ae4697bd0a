#pragma once

#include <string>

namespace weir {

struct ApiKeyArguments {
  std::string prefix = "wk";  ///< of `generate`
  std::string key;  ///< of the others; empty: the first line of standard input, where no shell history keeps it
};

/// `weir apikey generate`: a new key on standard output, its line for the file of keys on standard error.
int run_apikey_generate(const ApiKeyArguments& arguments);
/// `weir apikey hash`: what stands in the file of keys.
int run_apikey_hash(const ApiKeyArguments& arguments);
/// `weir apikey check`: 0 when the text has a key's form, else 1 and why not.
int run_apikey_check(const ApiKeyArguments& arguments);
/// `weir apikey mask`: what may be shown of it.
int run_apikey_mask(const ApiKeyArguments& arguments);

}  // namespace weir
