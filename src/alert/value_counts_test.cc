#include "alert/value_counts.h"

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "base/catch.h"
#include "evidence/record_words.h"

namespace weir {
namespace {

struct Request {
  IpAddress address;
  uint16_t status = 200;
  std::string agent, account, path;

  void count_in(ValueCounts& counts, ValueGroup group = ValueGroup::kAll,
                size_t bytes_left = ValueCounts::kNoLimit) const {
    std::string words;
    pack_words({agent, path, account}, words);
    counts.add(group, {address, status, words}, bytes_left);
  }
};

std::vector<Request> random_requests(unsigned seed, size_t count) {
  std::mt19937 random(seed);
  std::vector<Request> requests;
  for (size_t i = 0; i < count; ++i) {
    const auto below = [&](unsigned limit) { return std::to_string(random() % limit); };
    requests.push_back({*IpAddress::parse("192.0.2." + below(200)), static_cast<uint16_t>(400 + random() % 5),
                        "agent/" + below(3), "user" + below(60), "/path/" + below(12)});
  }
  return requests;
}

const std::vector<ValueCount>& list_of(const ValueLists& lists, ValueKind kind) {
  return lists[static_cast<size_t>(kind)];
}

TEST_CASE("values are listed with how many requests had them, the most frequent first", "[value_counts]") {
  ValueCounts counts;
  const auto address = *IpAddress::parse("2001:db8::7");
  for (const char* path : {"/login", "/admin", "/login", "/login", "/admin", "/a"})
    Request{address, 403, "curl/8", {}, path}.count_in(counts);
  const ValueLists lists = counts.lists();
  const auto& paths = list_of(lists, ValueKind::kPath);
  REQUIRE(paths.size() == 3);
  CHECK(paths[0].value == "/login");
  CHECK(paths[0].requests == 3);
  CHECK(paths[1].value == "/admin");
  CHECK(paths[2].value == "/a");
  CHECK(list_of(lists, ValueKind::kAddress).at(0).value == "2001:db8::7");
  CHECK(list_of(lists, ValueKind::kStatus).at(0).value == "403");
  CHECK(list_of(lists, ValueKind::kStatus).at(0).requests == 6);
  CHECK(list_of(lists, ValueKind::kAgent).at(0).value == "curl/8");
  CHECK(list_of(lists, ValueKind::kAccount).empty());
}

TEST_CASE("the values kept and their counts do not depend on the order of requests, and the counts are exact",
          "[value_counts]") {
  std::vector<Request> requests = random_requests(GENERATE(1U, 2U, 3U), 3000);
  std::map<std::string, uint64_t> by_account;
  ValueCounts in_order, shuffled;
  for (const Request& request : requests) {
    request.count_in(in_order);
    ++by_account[request.account];
  }
  std::shuffle(requests.begin(), requests.end(), std::mt19937(7));
  for (const Request& request : requests)
    request.count_in(shuffled);
  CHECK(in_order == shuffled);
  const ValueLists lists = in_order.lists();
  const auto& accounts = list_of(lists, ValueKind::kAccount);
  REQUIRE(accounts.size() == ValueCounts::kValuesMax);
  for (const ValueCount& account : accounts)
    CHECK(account.requests == by_account.at(account.value));
}

TEST_CASE("counts of parts of the requests add up to those of all, group by group", "[value_counts]") {
  const std::vector<Request> requests = random_requests(4, 1000);
  ValueCounts all, merged;
  std::vector<ValueCounts> parts(7);
  for (size_t i = 0; i < requests.size(); ++i) {
    const bool is_failure = i % 3 == 0;
    if (is_failure) requests[i].count_in(all);
    requests[i].count_in(parts[i % parts.size()], is_failure ? ValueGroup::kFailures : ValueGroup::kErrors);
  }
  for (const ValueCounts& part : parts)
    merged.merge(part, ValueGroup::kFailures);
  CHECK(merged == all);
}

TEST_CASE("what has no room is not listed, and what is listed goes on being counted", "[value_counts]") {
  ValueCounts counts;
  const Request first{*IpAddress::parse("192.0.2.1"), 404, "agent/1", {}, "/first"};
  first.count_in(counts);
  const size_t full = counts.bytes();
  for (int i = 0; i < 5; ++i)
    first.count_in(counts, ValueGroup::kAll, 0);
  Request{*IpAddress::parse("192.0.2.2"), 404, "agent/1", {}, "/second"}.count_in(counts, ValueGroup::kAll, 3);
  CHECK(counts.bytes() == full);
  const ValueLists lists = counts.lists();
  REQUIRE(list_of(lists, ValueKind::kPath).size() == 1);
  CHECK(list_of(lists, ValueKind::kPath)[0].requests == 6);
  CHECK(list_of(lists, ValueKind::kAgent).at(0).requests == 7);
}

TEST_CASE("saved counts are read back, and damaged ones are refused", "[value_counts]") {
  ValueCounts counts;
  for (const Request& random_request : random_requests(5, 400))
    random_request.count_in(counts, ValueGroup::kAttacks);
  const auto back = ValueCounts::read(counts.packed());
  REQUIRE(back);
  CHECK(*back == counts);
  CHECK(ValueCounts::read("").has_value());
  size_t refused = 0;
  for (size_t cut = 1; cut < counts.bytes(); ++cut)
    refused += ValueCounts::read(std::string_view(counts.packed()).substr(0, cut)).has_value() ? 0U : 1U;
  CHECK(refused > counts.bytes() * 9 / 10);  // a cut between two values leaves a shorter, whole list
  std::mt19937 random(6);
  for (int i = 0; i < 2000; ++i) {
    std::string damaged = counts.packed();
    damaged[random() % damaged.size()] ^= static_cast<char>(1 + random() % 255);
    if (const auto read = ValueCounts::read(damaged)) static_cast<void>(read->lists());
  }
}

}  // namespace
}  // namespace weir
