#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "base/result.h"

namespace weir {

/// What became of a question to the DNS.
enum class NameAnswer : uint8_t {
  kFound,
  kNone,      ///< there is no such name
  kNoAnswer,  ///< the servers did not say
};

/// Asks the DNS, one question at a time, each for some seconds at most. /etc/hosts is not asked: it says nothing of strangers. One
/// thread.
class NameResolver {
 public:
  /// `server`: ADDRESS or ADDRESS:PORT; empty for those of the system.
  static Result<std::unique_ptr<NameResolver>> open(const std::string& server);
  ~NameResolver();
  NameResolver(const NameResolver&) = delete;
  NameResolver& operator=(const NameResolver&) = delete;

  struct Names {
    NameAnswer answer = NameAnswer::kNoAnswer;
    std::vector<std::string> names;  ///< in lower case, without a dot at the end
  };
  /// The names that an address says to have.
  Names names_of(const IpAddress& address);

  struct Addresses {
    NameAnswer answer = NameAnswer::kNoAnswer;
    std::vector<IpAddress> addresses;
  };
  Addresses addresses_of(const std::string& name);

 private:
  struct Impl;
  NameResolver();
  void wait(const bool& is_done);
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir
