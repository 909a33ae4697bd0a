#include "app/commands/apikey_command.h"

#include <cstdio>
#include <iostream>

#include "app/setup/exit_code.h"
#include "http/api_key.h"

namespace weir {
namespace {

/// The key of the arguments or of standard input.
std::string key_of(const ApiKeyArguments& arguments) {
  if (!arguments.key.empty() && arguments.key != "-") return arguments.key;
  std::string line;
  std::getline(std::cin, line);
  while (!line.empty() && (line.back() == '\r' || line.back() == ' '))
    line.pop_back();
  return line;
}

int report(const Error& error, int exit_code) {
  std::fprintf(stderr, "weir apikey: %s\n", error.detail.c_str());
  return exit_code;
}

}  // namespace

int run_apikey_generate(const ApiKeyArguments& arguments) {
  const auto key = generate_api_key(arguments.prefix);
  if (!key) return report(key.error(), key.error().code == ErrorCode::kInvalidArgument ? kExitUsage : kExitFailed);
  std::printf("%s\n", key->reveal().c_str());
  std::fprintf(stderr, "For http.api_keys_file, with the caller's name for NAME:\nNAME %s\n",
               hash_api_key(key->reveal()).c_str());
  return kExitFine;
}

int run_apikey_hash(const ApiKeyArguments& arguments) {
  const std::string key = key_of(arguments);
  if (const auto checked = check_api_key(key); !checked) return report(checked.error(), kExitUsage);
  std::printf("%s\n", hash_api_key(key).c_str());
  return kExitFine;
}

int run_apikey_check(const ApiKeyArguments& arguments) {
  const auto checked = check_api_key(key_of(arguments));
  if (!checked) return report(checked.error(), kExitFailed);
  std::printf("this has the form of a key\n");
  return kExitFine;
}

int run_apikey_mask(const ApiKeyArguments& arguments) {
  std::printf("%s\n", mask_api_key(key_of(arguments)).c_str());
  return kExitFine;
}

}  // namespace weir
