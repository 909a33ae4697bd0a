#include <CLI/App.hpp>

#include <cstdio>
#include <iostream>
#include <memory>

#include "app/commands/command.h"
#include "app/setup/exit_code.h"
#include "http/api_key.h"

namespace weir {
namespace {

struct ApiKeyArguments {
  std::string prefix = "wk";  ///< of `generate`
  std::string key;  ///< of the others; empty: the first line of standard input, where no shell history keeps it
};

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

/// `weir apikey generate`: a new key on standard output, its line for the file of keys on standard error.
int run_apikey_generate(const ApiKeyArguments& arguments) {
  const auto key = generate_api_key(arguments.prefix);
  if (!key) return report(key.error(), key.error().code == ErrorCode::kInvalidArgument ? kExitUsage : kExitFailed);
  std::printf("%s\n", key->reveal().c_str());
  std::fprintf(stderr, "For http.api_keys_file, with the caller's name for NAME:\nNAME %s\n",
               hash_api_key(key->reveal()).c_str());
  return kExitFine;
}

/// `weir apikey hash`: what stands in the file of keys.
int run_apikey_hash(const ApiKeyArguments& arguments) {
  const std::string key = key_of(arguments);
  if (const auto checked = check_api_key(key); !checked) return report(checked.error(), kExitUsage);
  std::printf("%s\n", hash_api_key(key).c_str());
  return kExitFine;
}

/// `weir apikey check`: 0 when the text has a key's form, else 1 and why not.
int run_apikey_check(const ApiKeyArguments& arguments) {
  const auto checked = check_api_key(key_of(arguments));
  if (!checked) return report(checked.error(), kExitFailed);
  std::printf("this has the form of a key\n");
  return kExitFine;
}

/// `weir apikey mask`: what may be shown of it.
int run_apikey_mask(const ApiKeyArguments& arguments) {
  std::printf("%s\n", mask_api_key(key_of(arguments)).c_str());
  return kExitFine;
}

}  // namespace

void add_apikey_command(CLI::App& program, int& exit_code) {
  auto arguments = std::make_shared<ApiKeyArguments>();
  auto* apikey = program.add_subcommand("apikey", "Make and look at keys for the admin API");
  apikey->require_subcommand(1);
  apikey->footer(
      "A key is read from standard input when none is given, so that no shell history keeps it.\n"
      "Example: weir apikey generate > key && weir apikey hash < key");
  const auto add = [&](const char* name, const char* help, int (*command)(const ApiKeyArguments&)) {
    auto* sub = apikey->add_subcommand(name, help);
    sub->callback([arguments, command, &exit_code] { exit_code = command(*arguments); });
    return sub;
  };
  add("generate", "Print a new key, and its line for http.api_keys_file on standard error", run_apikey_generate)
      ->add_option("--prefix", arguments->prefix, "Two to four lower-case letters")
      ->capture_default_str();
  for (auto* sub : {add("hash", "Print the key's hash, as http.api_keys_file holds it", run_apikey_hash),
                    add("check", "Say whether a text has the form of a key", run_apikey_check),
                    add("mask", "Print what may be shown of a key", run_apikey_mask)})
    sub->add_option("KEY", arguments->key, "The key; without one, the first line of standard input");
}

}  // namespace weir
