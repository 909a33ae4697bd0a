#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <limits>
#include <numeric>
#include <vector>

#include "base/byte_search.h"
#include "base/catch.h"
#include "base/diagnostic.h"
#include "base/ip_address.h"
#include "base/memory/huge_pages.h"
#include "base/siphash.h"
#include "base/time.h"

namespace weir {

TEST_CASE("a byte is found and counted as by the library, wherever it stands", "[base]") {
  for (size_t size = 0; size < 70; ++size)
    for (size_t place = 0; place <= size; ++place) {
      std::string text(size, 'a');
      if (place < size) text[place] = '"';
      if (place % 3 == 0 && place + 20 < size) text[place + 20] = '"';
      const std::string around = '"' + text + '"';  // no byte beside the text is one of it
      const std::string_view view = std::string_view(around).substr(1, size);
      CAPTURE(size, place);
      for (size_t from = 0; from <= size + 1; ++from)
        REQUIRE(find_near(view, '"', from) == view.find('"', from));
      REQUIRE(count_byte(view, '"') == static_cast<size_t>(std::count(view.begin(), view.end(), '"')));
    }
  CHECK(count_byte(std::string(1000, 'x'), 'x') == 1000);
}

TEST_CASE("SipHash-2-4 gives the vectors of its paper", "[base]") {
  // Appendix A: key 00 01 … 0f, message 00 01 … 0e.
  const SipHashKey key{0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL};
  std::string message;
  for (char c = 0; c < 15; ++c)
    message.push_back(c);
  CHECK(siphash(key, message) == 0xa129ca6149be45e5ULL);
  CHECK(siphash(key, "") == 0x726fdb47dd0e0e31ULL);
  // Of the reference implementation's vectors, one for each length of what is behind the last whole word.
  const std::array<uint64_t, 8> shorter{0x726fdb47dd0e0e31ULL, 0x74f839c593dc67fdULL, 0x0d6c8009d9a94f5aULL,
                                        0x85676696d7fb7e2dULL, 0xcf2794e0277187b7ULL, 0x18765564cd99a68dULL,
                                        0xcbc9466e58fee3ceULL, 0xab0200f58b01d137ULL};
  for (size_t size = 0; size < shorter.size(); ++size)
    CHECK(siphash(key, std::string_view(message).substr(0, size)) == shorter[size]);
  // The same ends read from behind whole words.
  for (size_t size = 9; size < 15; ++size) {
    std::string padded(message, 0, size);
    CHECK(siphash(key, padded) == siphash(key, std::string_view(padded + "tail").substr(0, size)));
    padded.back() ^= 1;
    CHECK(siphash(key, padded) != siphash(key, std::string_view(message).substr(0, size)));
  }
}

TEST_CASE("memory for huge pages begins at one and can be written to its rounded end", "[base]") {
  for (const size_t bytes : {size_t{1}, kHugePageBytes, kHugePageBytes + 1}) {
    const MemoryBlock block(static_cast<std::byte*>(allocate_huge_pages(bytes)));
    REQUIRE(block != nullptr);
    CHECK(reinterpret_cast<uintptr_t>(block.get()) % kHugePageBytes == 0);
    const size_t rounded = (bytes + kHugePageBytes - 1) / kHugePageBytes * kHugePageBytes;
    block.get()[0] = block.get()[rounded - 1] = std::byte{1};
  }
  CHECK(allocate_huge_pages(std::numeric_limits<size_t>::max()) == nullptr);
}

TEST_CASE("a container keeps its elements while it grows from common into huge pages", "[base]") {
  std::vector<uint32_t, HugePageAllocator<uint32_t>> numbers;
  for (uint32_t i = 0; i < kHugePageBytes / sizeof(uint32_t) + 1; ++i)
    numbers.push_back(i);
  CHECK(reinterpret_cast<uintptr_t>(numbers.data()) % kHugePageBytes == 0);
  CHECK(std::accumulate(numbers.begin(), numbers.end(), uint64_t{0}) ==
        uint64_t{numbers.size()} * (numbers.size() - 1) / 2);
}

TEST_CASE("addresses are parsed with the ports and brackets proxies add", "[base]") {
  CHECK(IpAddress::parse("192.0.2.1")->to_string() == "192.0.2.1");
  CHECK(IpAddress::parse("255.0.10.100")->to_string() == "255.0.10.100");
  CHECK(IpAddress::parse("::ffff:192.0.2.1") == IpAddress::parse("192.0.2.1"));
  CHECK(IpAddress::parse("2001:DB8:0::1")->to_string() == "2001:db8::1");
  CHECK(IpAddress::parse("fe80::1%eth0")->to_string() == "fe80::1");
  CHECK(IpAddress::parse_with_port("192.0.2.1:8080") == IpAddress::parse("192.0.2.1"));
  CHECK(IpAddress::parse_with_port("[2001:db8::1]:443") == IpAddress::parse("2001:db8::1"));
  CHECK(IpAddress::parse_with_port("2001:db8::1") == IpAddress::parse("2001:db8::1"));
  for (const char* bad : {"", "1.2.3", "1.2.3.256", "1.2.3.4.5", "host", "12345::1", ":", "01.2.3.4x"}) {
    CHECK_FALSE(IpAddress::parse(bad));
  }
}

TEST_CASE("IPv6 is counted by /64, IPv4 by address", "[base]") {
  CHECK(IpAddress::parse("2001:db8::1")->counting_unit() == IpAddress::parse("2001:db8::ffff")->counting_unit());
  CHECK(IpAddress::parse("2001:db8:0:1::1")->counting_unit() != IpAddress::parse("2001:db8::1")->counting_unit());
  CHECK(IpAddress::parse("192.0.2.1")->counting_unit() != IpAddress::parse("192.0.2.2")->counting_unit());
  CHECK(IpAddress::parse("2001:db8:1:2:3:4:5:6")->counting_unit_text() == "2001:db8:1:2::/64");
  CHECK(IpAddress::parse("::ffff:192.0.2.1")->counting_unit_text() == "192.0.2.1");
}

TEST_CASE("addresses are read and written as the system's library does", "[base]") {
  uint32_t random = 1;
  const auto next = [&random](uint32_t below) {
    random = random * 1664525U + 1013904223U;
    return (random >> 8) % below;
  };
  constexpr std::string_view kBytes = "0123456789.0123456789..2x";
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    if (round % 2 == 0) {
      for (int part = 0; part < 4; ++part)
        text += (part > 0 ? "." : "") + std::to_string(next(300));
      if (next(4) == 0) text[next(static_cast<uint32_t>(text.size()))] = kBytes[next(kBytes.size())];
    } else {
      for (uint32_t size = next(16); text.size() < size;)
        text += kBytes[next(kBytes.size())];
    }
    CAPTURE(text);
    in_addr v4{};
    const auto address = IpAddress::parse(text);
    REQUIRE(address.has_value() == (inet_pton(AF_INET, text.c_str(), &v4) == 1));
    if (address) REQUIRE(std::memcmp(address->bytes().data() + 12, &v4, 4) == 0);
    if (address) REQUIRE(IpAddress::parse(address->counting_unit_text()) == address);
  }
  for (int round = 0; round < 20'000; ++round) {
    std::array<uint8_t, 16> bytes{};
    for (size_t i = 0; i < 8; ++i)
      bytes[i] = next(3) == 0 ? static_cast<uint8_t>(next(256)) : uint8_t{0};
    bytes[15] = 1;
    char text[INET6_ADDRSTRLEN];
    const auto unit = IpAddress::from_bytes(bytes).counting_unit();
    REQUIRE(inet_ntop(AF_INET6, unit.bytes().data(), text, sizeof text) != nullptr);
    REQUIRE(IpAddress::from_bytes(bytes).counting_unit_text() == std::string(text) + "/64");
  }
}

TEST_CASE("networks contain their addresses and no others", "[base]") {
  const auto ten = Cidr::parse("10.0.0.0/8");
  REQUIRE(ten);
  CHECK(ten->contains(*IpAddress::parse("10.255.0.1")));
  CHECK_FALSE(ten->contains(*IpAddress::parse("11.0.0.1")));
  CHECK(Cidr::parse("192.0.2.0/25")->contains(*IpAddress::parse("192.0.2.127")));
  CHECK_FALSE(Cidr::parse("192.0.2.0/25")->contains(*IpAddress::parse("192.0.2.128")));
  CHECK(Cidr::parse("2001:db8::/32")->contains(*IpAddress::parse("2001:db8:ffff::1")));
  CHECK_FALSE(Cidr::parse("2001:db8::/32")->contains(*IpAddress::parse("10.0.0.1")));
  CHECK(Cidr::parse("0.0.0.0/0")->contains(*IpAddress::parse("8.8.8.8")));
  for (const char* bad : {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "2001:db8::/129", "/8"})
    CHECK_FALSE(Cidr::parse(bad));
}

TEST_CASE("event times are written in RFC 3339 with milliseconds", "[base]") {
  CHECK(format_rfc3339(EventTime{Milliseconds{1736899200123}}) == "2025-01-15T00:00:00.123Z");
  CHECK(format_rfc3339(EventTime{Milliseconds{0}}) == "1970-01-01T00:00:00.000Z");
}

TEST_CASE("a diagnostic has the form editors jump to", "[base]") {
  const Diagnostic d{Diagnostic::Severity::kError, "weir.yaml", 3, 5, "unknown key 'tpoic'", "did you mean 'topic'?"};
  CHECK(d.to_string() == "weir.yaml:3:5: error: unknown key 'tpoic' (did you mean 'topic'?)");
  CHECK(has_errors({d}));
}

}  // namespace weir
