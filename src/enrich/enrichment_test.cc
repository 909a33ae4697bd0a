#include "enrich/enrichment.h"

#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/catch.h"

namespace weir {
namespace {

namespace fs = std::filesystem;

IpAddress address(const std::string& text) {
  return *IpAddress::parse(text);
}

class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / ("weir_enrich_" + std::to_string(::getpid()))) {
    fs::create_directories(path_);
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] std::string write(const std::string& name, const std::string& content) const {
    std::ofstream(path_ / name, std::ios::binary) << content;
    return (path_ / name).string();
  }

 private:
  fs::path path_;
};

/// Writes a file in the MMDB format, version 2: a tree of bits with records of 24 bits, then the values.
class MmdbFile {
 public:
  static std::string text(const std::string& value) { return control(2, value.size()) + value; }
  static std::string number(uint32_t value) {
    std::string bytes;
    for (int shift = 24; shift >= 0; shift -= 8)
      bytes += static_cast<char>(value >> shift);
    return control(6, 4) + bytes;
  }
  static std::string map(const std::vector<std::pair<std::string, std::string>>& members) {
    std::string bytes = control(7, members.size());
    for (const auto& [name, value] : members)
      bytes += text(name) + value;
    return bytes;
  }

  /// `value`: as the above write it.
  void add(const std::string& network, unsigned bits, const std::string& value) {
    const IpAddress first = address(network);
    if (first.is_v4()) bits += 96;
    auto bytes = first.bytes();
    if (first.is_v4()) bytes[10] = bytes[11] = 0;  // in the tree IPv4 stands below ::/96
    size_t node = 0;
    for (unsigned bit = 0; bit < bits; ++bit) {
      const size_t side = bytes[bit / 8] >> (7 - bit % 8) & 1U;
      if (bit + 1 == bits) {
        nodes_[node][side] = {Record::kValue, data_.size()};
      } else {
        if (nodes_[node][side].kind != Record::kNode) {
          nodes_[node][side] = {Record::kNode, nodes_.size()};
          nodes_.emplace_back();
        }
        node = nodes_[node][side].number;
      }
    }
    data_ += value;
  }

  [[nodiscard]] std::string bytes() const {
    std::string out;
    for (const auto& node : nodes_) {
      for (const Record& record : node) {
        size_t value = nodes_.size();
        if (record.kind == Record::kNode) value = record.number;
        if (record.kind == Record::kValue) value = nodes_.size() + 16 + record.number;
        for (int shift = 16; shift >= 0; shift -= 8)
          out += static_cast<char>(value >> shift);
      }
    }
    const auto small = [](uint16_t value) {
      return control(5, 2) + static_cast<char>(value >> 8) + static_cast<char>(value);
    };
    out += std::string(16, '\0') + data_ + "\xab\xcd\xefMaxMind.com";
    return out + map({{"node_count", number(static_cast<uint32_t>(nodes_.size()))},
                      {"record_size", small(24)},
                      {"ip_version", small(6)},
                      {"database_type", text("Test-Database")},
                      {"languages", std::string("\x00\x04", 2)},
                      {"binary_format_major_version", small(2)},
                      {"binary_format_minor_version", small(0)},
                      {"build_epoch", std::string("\x04\x02\x67\x87\xa7\x00", 6)},
                      {"description", map({})}});
  }

 private:
  struct Record {
    enum Kind : uint8_t { kNothing, kNode, kValue } kind = kNothing;
    size_t number = 0;
  };
  static std::string control(unsigned type, size_t size) {
    if (size < 29) return {static_cast<char>(type << 5U | size)};
    return {static_cast<char>(type << 5U | 29), static_cast<char>(size - 29)};
  }

  std::vector<std::array<Record, 2>> nodes_{1};
  std::string data_;
};

std::string countries() {
  MmdbFile file;
  file.add("203.0.113.0", 24, MmdbFile::map({{"country", MmdbFile::map({{"iso_code", MmdbFile::text("NL")}})}}));
  file.add("2001:db8::", 32, MmdbFile::map({{"country_code", MmdbFile::text("DE")}}));
  file.add("198.51.100.0", 24, MmdbFile::map({{"country", MmdbFile::text("not a code")}}));
  return file.bytes();
}

std::string systems() {
  MmdbFile file;
  file.add("203.0.113.0", 24,
           MmdbFile::map({{"autonomous_system_number", MmdbFile::number(64'496)},
                          {"autonomous_system_organization", MmdbFile::text("Example Net")}}));
  file.add("2001:db8::", 32, MmdbFile::map({{"asn", MmdbFile::text("AS64497")}, {"as_name", MmdbFile::text("Other")}}));
  return file.bytes();
}

Alert alert_of(const std::string& from, AlertKind kind = AlertKind::kAttack) {
  Alert alert;
  alert.kind = kind;
  alert.address = address(from);
  alert.severity = Level::kHigh;
  return alert;
}

std::shared_ptr<const Enrichment> loaded(const EnrichmentOptions& options) {
  auto enrichment = Enrichment::load(options);
  if (!enrichment) FAIL(enrichment.error().detail);
  return *enrichment;
}

TEST_CASE("a set holds the addresses of its networks and no others", "[enrich]") {
  AddressSet set;
  for (const char* text : {"192.0.2.7", "10.0.0.0/8", "10.1.0.0/16", "2001:db8::/33", "192.0.2.8/32", "0.0.0.0/1"})
    CHECK(set.add(text));
  for (const char* text : {"", "host", "10.0.0.0/33", "10.0.0.0/", "0.0.0.0/0", "::/0", "10.0.0.0/8x", "1.2.3"})
    CHECK_FALSE(set.add(text));
  set.seal();
  CHECK(set.entries() == 6);
  for (const char* text : {"192.0.2.7", "192.0.2.8", "10.255.255.255", "10.0.0.0", "2001:db8:7fff::1", "127.0.0.1"})
    CHECK(set.contains(address(text)));
  for (const char* text : {"192.0.2.6", "192.0.2.9", "128.0.0.0", "2001:db8:8000::", "::1"})
    CHECK_FALSE(set.contains(address(text)));
}

TEST_CASE("a set of many random networks agrees with asking each", "[enrich]") {
  std::mt19937 random(3);
  AddressSet set;
  std::vector<Cidr> networks;
  for (int i = 0; i < 300; ++i) {
    const std::string text = "10." + std::to_string(random() % 4) + "." + std::to_string(random() % 256) + "." +
                             std::to_string(random() % 256) + "/" + std::to_string(18 + random() % 15);
    REQUIRE(set.add(text));
    networks.push_back(*Cidr::parse(text));
  }
  set.seal();
  for (int i = 0; i < 20'000; ++i) {
    const IpAddress ip_address = address("10." + std::to_string(random() % 5) + "." + std::to_string(random() % 256) +
                                         "." + std::to_string(random() % 256));
    REQUIRE(set.contains(ip_address) == contains(networks, ip_address));
  }
}

TEST_CASE("lists are read in the forms in which they are published", "[enrich]") {
  const auto lines =
      parse_address_list("x/blocked.netset", "# a list\n\n192.0.2.1\r\n10.0.0.0/8 ; why\n2001:db8::1#c\nnonsense\n", 1);
  REQUIRE(lines);
  CHECK(lines->name == "blocked");
  CHECK(lines->addresses.entries() == 3);
  CHECK(lines->unreadable == 1);
  CHECK(lines->first_unreadable == 6);
  CHECK(lines->addresses.contains(address("10.2.3.4")));
  const auto csv = parse_address_list("feed.csv", "\"id\",\"address\"\n1,\"192.0.2.9\",x\n2,198.51.100.0/24\n", 2);
  REQUIRE(csv);
  CHECK(csv->addresses.entries() == 2);
  const auto json = parse_address_list(
      "bot.json",
      R"({"creationTime":"2026-11-01T00:00:00","prefixes":[{"ipv4Prefix":"192.0.2.0/27"},{"ipv6Prefix":"2001:db8::/64"}]})",
      1);
  REQUIRE(json);
  CHECK(json->addresses.contains(address("192.0.2.30")));
  CHECK(json->addresses.contains(address("2001:db8::77")));
  CHECK(json->version.starts_with("2026-11-01T00:00:00 xxh3:"));
  CHECK(lines->version != csv->version);
}

TEST_CASE("a file that is no list is refused with what is wrong with it", "[enrich]") {
  const auto complaint = [](const std::string& path, const std::string& content) {
    const auto list = parse_address_list(path, content, 3);
    return list ? std::string("read") : list.error().detail;
  };
  CHECK(complaint("a.netset", "") == "a.netset: no address or network in it");
  CHECK(complaint("a.netset", "<html>\n<body>\n192.0.2.1\n") ==
        "a.netset: 2 lines without an address, from line 1 on, and only 1 with one");
  CHECK(complaint("a.csv", "192.0.2.1,x\n") == "a.csv: no address in column 3 (enrichment.csv_column)");
  CHECK(complaint("a.json", "{\"prefixes\": [").find("no JSON") != std::string::npos);
  CHECK(complaint("a.json", "[]") == "a.json: no list \"prefixes\"");
  CHECK(complaint("a.json", std::string(100'000, '[')).find("no JSON") != std::string::npos);
  CHECK_FALSE(read_address_list("/nowhere/a.netset", 1));
}

TEST_CASE("databases say country and autonomous system, in both layouts", "[enrich]") {
  const Folder folder;
  EnrichmentOptions options;
  options.country_database = folder.write("country.mmdb", countries());
  options.asn_database = folder.write("asn.mmdb", systems());
  const auto enrichment = loaded(options);
  Alert alert = alert_of("203.0.113.9");
  enrichment->enrich(alert);
  REQUIRE(alert.context);
  CHECK(alert.context->country == "NL");
  CHECK(alert.context->as_number == 64'496);
  CHECK(alert.context->as_name == "Example Net");
  REQUIRE(alert.context->sources.size() == 2);
  CHECK(alert.context->sources[0].name == "country_database");
  CHECK(alert.context->sources[0].version == "Test-Database 2025-01-15T12:16:00.000Z");
  Alert other = alert_of("2001:db8::5");
  enrichment->enrich(other);
  CHECK(other.context->country == "DE");
  CHECK(other.context->as_number == 64'497);
  CHECK(other.context->as_name == "Other");
  for (const char* unknown : {"198.51.100.1", "192.0.2.1", "::1"}) {
    Alert nobody = alert_of(unknown);
    enrichment->enrich(nobody);
    CHECK(nobody.context->country.empty());
    CHECK(nobody.context->as_number == 0);
  }
  Alert without;
  enrichment->enrich(without);
  CHECK_FALSE(without.context);
}

TEST_CASE("a database that is cut off is refused, and one that is damaged never hurts", "[enrich]") {
  const Folder folder;
  const std::string whole = countries();
  for (size_t size = 0; size < whole.size(); size += 1 + whole.size() / 40) {
    const auto cut = AddressDatabase::open(folder.write("cut.mmdb", whole.substr(0, size)));
    REQUIRE_FALSE(cut);
    CHECK(cut.error().detail.find("cut off or damaged") != std::string::npos);
  }
  std::mt19937 random(11);
  size_t refused = 0;
  for (int i = 0; i < 400; ++i) {
    std::string damaged = whole;
    for (int changes = 0; changes < 3; ++changes)
      damaged[random() % damaged.size()] = static_cast<char>(random());
    const auto database = AddressDatabase::open(folder.write("damaged.mmdb", damaged));
    refused += database ? 0U : 1U;
    if (!database) continue;
    for (const char* item : {"203.0.113.9", "2001:db8::5", "192.0.2.1"}) {
      AddressContext context;
      database->add_country(address(item), context);
      database->add_autonomous_system(address(item), context);
      CHECK((context.country.empty() || context.country.size() == 2));
    }
  }
  CHECK(refused > 0);
  CHECK_FALSE(AddressDatabase::open("/nowhere.mmdb"));
  CHECK_FALSE(AddressDatabase::open("/"));
}

TEST_CASE("a database that is cut while it is in use goes on answering", "[enrich]") {
  const Folder folder;
  const std::string path = folder.write("country.mmdb", countries());
  const auto database = AddressDatabase::open(path);
  REQUIRE(database);
  fs::resize_file(path, 0);
  AddressContext context;
  database->add_country(address("203.0.113.9"), context);
  CHECK(context.country == "NL");
}

TEST_CASE("a threat list is a label, and where it is asked for raises the severity by one", "[enrich]") {
  const Folder folder;
  EnrichmentOptions options;
  options.threat_lists = {folder.write("blocked.netset", "203.0.113.0/24\n"),
                          folder.write("feed.csv", "203.0.113.9,x\n")};
  Alert alert = alert_of("203.0.113.9");
  loaded(options)->enrich(alert);
  CHECK(alert.context->threat_lists == std::vector<std::string>{"blocked", "feed"});
  CHECK(alert.severity == Level::kHigh);
  options.threat_effect = ThreatEffect::kRaise;
  loaded(options)->enrich(alert);
  CHECK(alert.severity == Level::kCritical);
  loaded(options)->enrich(alert);
  CHECK(alert.severity == Level::kCritical);
  Alert other = alert_of("192.0.2.1");
  loaded(options)->enrich(other);
  CHECK(other.severity == Level::kHigh);
  CHECK(other.context->threat_lists.empty());
}

TEST_CASE("a verified crawler's bursts are low, its attacks are not, and who only says so is told", "[enrich]") {
  const Folder folder;
  EnrichmentOptions options;
  options.crawlers = {folder.write("examplebot.json", R"({"prefixes":[{"ipv4Prefix":"192.0.2.0/27"}]})")};
  const auto enrichment = loaded(options);
  Alert burst = alert_of("192.0.2.3", AlertKind::kBurst);
  enrichment->enrich(burst);
  CHECK(burst.context->crawler == "examplebot");
  CHECK(burst.severity == Level::kLow);
  Alert attack = alert_of("192.0.2.3");
  enrichment->enrich(attack);
  CHECK(attack.severity == Level::kHigh);
  Alert pretender = alert_of("198.51.100.1");
  pretender.evidence.emplace();
  pretender.evidence->user_agent = "Mozilla/5.0 (compatible; ExampleBot/2.1)";
  enrichment->enrich(pretender);
  CHECK(pretender.context->crawler.empty());
  CHECK(pretender.context->claimed_crawler == "examplebot");
  CHECK(pretender.severity == Level::kHigh);
}

TEST_CASE("what replaces the enrichment in force is used from the next alert on", "[enrich]") {
  const Folder folder;
  EnrichmentOptions options;
  options.threat_lists = {folder.write("blocked.netset", "192.0.2.1\n")};
  EnrichmentSlot slot(loaded(options));
  Alert before = alert_of("192.0.2.2");
  slot.enrich(before);
  CHECK(before.context->threat_lists.empty());
  static_cast<void>(folder.write("blocked.netset", "192.0.2.2\n"));
  slot.replace(loaded(options));
  Alert after = alert_of("192.0.2.2");
  slot.enrich(after);
  CHECK(after.context->threat_lists == std::vector<std::string>{"blocked"});
  CHECK(after.context->sources[0].version != before.context->sources[0].version);
}

}  // namespace
}  // namespace weir
