#include "lane/clients/client_desk.h"

#include <string>
#include <thread>

#include "base/catch.h"
#include "score/client_check.h"

namespace weir {
namespace {

Alert alert_of(const std::string& client, uint64_t count) {
  Alert alert;
  alert.client_kind = ClientKind::kCustomer;
  alert.client = client;
  alert.count = count;
  return alert;
}

TEST_CASE("a desk answers each question once, on the thread of the lane", "[clients]") {
  ClientDesk desk;
  auto first = desk.ask({3, 1, 2});
  int64_t second = 0;
  std::thread other([&] { second = desk.ask({4, 1, 2})->get().next_offset; });
  int answered = 0;
  while (answered < 2) {
    desk.answer_all([&](const ClientQuestion& question) {
      ++answered;
      ClientAnswer answer;
      answer.next_offset = question.partition;
      return answer;
    });
  }
  other.join();
  CHECK(second == 4);
  CHECK(first->get().next_offset == 3);
  desk.answer_all([&](const ClientQuestion&) {
    FAIL("nobody asks");
    return ClientAnswer();
  });
}

TEST_CASE("a desk takes no more questions than it holds, and outlives those who gave up", "[clients]") {
  ClientDesk desk;
  for (size_t i = 0; i < ClientDesk::kWaitingMax; ++i)
    CHECK(desk.ask({}));  // and its future is dropped at once
  CHECK_FALSE(desk.ask({}));
  size_t answered = 0;
  desk.answer_all([&](const ClientQuestion&) {
    ++answered;
    return ClientAnswer();
  });
  CHECK(answered == ClientDesk::kWaitingMax);
  CHECK(desk.ask({}));
}

TEST_CASE("recent alerts: a client's newest come first, the oldest of all goes first", "[clients]") {
  RecentAlerts recent;
  for (uint64_t i = 1; i <= 30; ++i)
    recent.note(alert_of("a", i));
  const uint64_t check = client_check(ClientKind::kCustomer, "a");
  const auto told = recent.of(check);
  CHECK(told.size() == RecentAlerts::kOfOneClientMax);
  CHECK(told.front().count == 30U);
  CHECK(told.back().count == 11U);
  for (uint64_t i = 1; i < RecentAlerts::kKept; ++i)
    recent.note(alert_of("b", i));
  CHECK(recent.of(check).size() == 1U);
  CHECK(recent.of(check).front().count == 30U);
  recent.note(alert_of("b", 5));
  CHECK(recent.of(check).empty());
  CHECK(recent.of(client_check(ClientKind::kCustomer, "b")).front().count == 5U);
}

}  // namespace
}  // namespace weir
