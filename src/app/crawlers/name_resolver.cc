#include "app/crawlers/name_resolver.h"

// Newer versions warn of functions in whose place the oldest one used, 1.18, has nothing.
#define CARES_NO_DEPRECATED
#include <ares.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/select.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>

#include "base/ascii.h"

namespace weir {
namespace {

constexpr int kTimeoutMs = 2'000;
constexpr int kTries = 2;
constexpr size_t kAnswersMax = 64;  // names or addresses of one answer that are looked at
constexpr size_t kV4Begin = 12;     // in the mapped form

NameAnswer answer_of(int status) {
  if (status == ARES_SUCCESS) return NameAnswer::kFound;
  const bool is_none = status == ARES_ENOTFOUND || status == ARES_ENODATA || status == ARES_EBADNAME;
  return is_none ? NameAnswer::kNone : NameAnswer::kNoAnswer;
}

std::string canonical(std::string_view name) {
  while (!name.empty() && name.back() == '.')
    name.remove_suffix(1);
  std::string text(name);
  std::transform(text.begin(), text.end(), text.begin(), to_lower);
  return text;
}

IpAddress mapped(const in_addr& address) {
  std::array<uint8_t, 16> bytes{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  std::memcpy(bytes.data() + kV4Begin, &address, sizeof address);
  return IpAddress::from_bytes(bytes);
}

template <typename Found>
struct Question {
  Found found;
  bool is_done = false;
};

/// "1.2.0.192.in-addr.arpa", "7.0.….8.b.d.0.1.0.0.2.ip6.arpa".
std::string reverse_name(const IpAddress& address) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto& bytes = address.bytes();
  std::string name;
  if (address.is_v4()) {
    for (size_t i = bytes.size(); i-- > kV4Begin;)
      name.append(std::to_string(bytes[i])).append(".");
    return name + "in-addr.arpa";
  }
  for (size_t i = bytes.size(); i-- > 0;) {
    for (const unsigned nibble : {bytes[i] & 0xfU, static_cast<unsigned>(bytes[i]) >> 4})
      (name += kDigits[nibble]) += '.';
  }
  return name + "ip6.arpa";
}

using HostHandle = std::unique_ptr<hostent, decltype([](hostent* host) { ares_free_hostent(host); })>;

void on_names(void* opaque, int status, int, unsigned char* bytes, int size) {
  auto& question = *static_cast<Question<NameResolver::Names>*>(opaque);
  question.is_done = true;
  hostent* parsed = nullptr;
  // The address it was about is not needed for the names.
  if (status == ARES_SUCCESS) status = ares_parse_ptr_reply(bytes, size, nullptr, 0, AF_INET, &parsed);
  const HostHandle host(parsed);
  question.found.answer = answer_of(status);
  if (host == nullptr) return;
  // Each of the names is an alias, too.
  auto& names = question.found.names;
  for (char** alias = host->h_aliases; alias != nullptr && *alias != nullptr && names.size() < kAnswersMax; ++alias)
    names.push_back(canonical(*alias));
  if (names.empty() && host->h_name != nullptr) names.push_back(canonical(host->h_name));
}

void on_addresses(void* opaque, int status, int, ares_addrinfo* info) {
  auto& question = *static_cast<Question<NameResolver::Addresses>*>(opaque);
  question.is_done = true;
  question.found.answer = answer_of(status);
  if (info == nullptr) return;
  auto& addresses = question.found.addresses;
  for (const ares_addrinfo_node* node = info->nodes; node != nullptr && addresses.size() < kAnswersMax;
       node = node->ai_next) {
    if (node->ai_family == AF_INET) {
      sockaddr_in address{};
      std::memcpy(&address, node->ai_addr, sizeof address);
      addresses.push_back(mapped(address.sin_addr));
    } else if (node->ai_family == AF_INET6) {
      sockaddr_in6 address{};
      std::memcpy(&address, node->ai_addr, sizeof address);
      std::array<uint8_t, 16> bytes{};
      std::memcpy(bytes.data(), &address.sin6_addr, bytes.size());
      addresses.push_back(IpAddress::from_bytes(bytes));
    }
  }
  ares_freeaddrinfo(info);
}

}  // namespace

struct NameResolver::Impl {
  ares_channel channel = nullptr;
  ~Impl() {
    if (channel != nullptr) ares_destroy(channel);
  }
};

NameResolver::NameResolver() : impl_(std::make_unique<Impl>()) {}
NameResolver::~NameResolver() = default;

Result<std::unique_ptr<NameResolver>> NameResolver::open(const std::string& server) {
  static std::once_flag once;
  std::call_once(once, [] { ares_library_init(ARES_LIB_INIT_ALL); });
  std::unique_ptr<NameResolver> resolver(new NameResolver);
  ares_options options{};
  options.timeout = kTimeoutMs;
  options.tries = kTries;
  char only_dns[] = "b";
  options.lookups = only_dns;
  int status =
      ares_init_options(&resolver->impl_->channel, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS);
  if (status != ARES_SUCCESS)
    return fail(ErrorCode::kIo, "crawlers", std::string("the DNS cannot be asked: ") + ares_strerror(status));
  if (server.empty()) return resolver;
  status = ares_set_servers_ports_csv(resolver->impl_->channel, server.c_str());
  if (status != ARES_SUCCESS)
    return fail(ErrorCode::kInvalidArgument, "crawlers",
                "'" + server + "' is no DNS server: write ADDRESS or ADDRESS:PORT");
  return resolver;
}

/// The library bounds the time by itself.
void NameResolver::wait(const bool& is_done) {
  while (!is_done) {
    fd_set readable, writable;
    FD_ZERO(&readable);
    FD_ZERO(&writable);
    const int count = ares_fds(impl_->channel, &readable, &writable);
    if (count == 0) break;
    timeval left{};
    timeval* const limit = ares_timeout(impl_->channel, nullptr, &left);
    select(count, &readable, &writable, nullptr, limit);
    ares_process(impl_->channel, &readable, &writable);
  }
  if (!is_done) ares_cancel(impl_->channel);
}

NameResolver::Names NameResolver::names_of(const IpAddress& address) {
  Question<Names> question;
  constexpr int kInternet = 1, kPointer = 12;  // class and type of the question
  // Not the library's look-up by address, which takes silence for "there is none".
  ares_query(impl_->channel, reverse_name(address).c_str(), kInternet, kPointer, &on_names, &question);
  wait(question.is_done);
  return question.found;
}

NameResolver::Addresses NameResolver::addresses_of(const std::string& name) {
  Question<Addresses> question;
  ares_addrinfo_hints hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_flags = ARES_AI_NOSORT;
  ares_getaddrinfo(impl_->channel, (name + ".").c_str(), nullptr, &hints, &on_addresses, &question);
  wait(question.is_done);
  return question.found;
}

}  // namespace weir
