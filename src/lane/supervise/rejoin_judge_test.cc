#include "lane/supervise/rejoin_judge.h"

#include "base/catch.h"

using namespace weir;
using Coordinator = RejoinJudge::Coordinator;

namespace {

RejoinJudge::Clock::time_point at(int64_t ms) {
  return RejoinJudge::Clock::time_point(Milliseconds(1'000'000 + ms));
}

}  // namespace

TEST_CASE("a member that is shut out after its coordinator was lost joins anew, however often", "[lane][rejoin]") {
  RejoinJudge judge;
  Milliseconds last{0};
  for (int restart = 0; restart < 20; ++restart) {
    judge.joined(at(restart * 3'000));
    const auto verdict = judge.shut_out(at(restart * 3'000 + 1'000), Coordinator::kLostSinceJoin);
    CHECK(verdict.joins_anew);
    CHECK(verdict.pause >= last);  // they grow
    CHECK(verdict.pause <= RejoinJudge::kPauseMax);
    CHECK((verdict.pause.count() == 0) == (restart == 0));
    last = verdict.pause;
  }
  CHECK(last == RejoinJudge::kPauseMax);
}

TEST_CASE("a member that was steady for a while joins anew without a pause", "[lane][rejoin]") {
  RejoinJudge judge;
  judge.joined(at(0));
  CHECK(judge.shut_out(at(1'000), Coordinator::kLostSinceJoin).pause.count() == 0);
  judge.joined(at(2'000));
  CHECK(judge.shut_out(at(3'000), Coordinator::kLostSinceJoin).pause.count() > 0);
  judge.joined(at(5'000));
  CHECK(judge.shut_out(at(5'000 + RejoinJudge::kSteady.count()), Coordinator::kLostSinceJoin).pause.count() == 0);
}

TEST_CASE("shut out twice while the coordinator was there, there is a second process", "[lane][rejoin]") {
  RejoinJudge judge;
  judge.joined(at(0));
  CHECK(judge.shut_out(at(1'000), Coordinator::kKept).joins_anew);
  judge.joined(at(2'000));
  // Losing the coordinator in between hides nothing.
  CHECK(judge.shut_out(at(3'000), Coordinator::kLostSinceJoin).joins_anew);
  judge.joined(at(4'000));
  CHECK_FALSE(judge.shut_out(at(5'000), Coordinator::kKept).joins_anew);
}

TEST_CASE("shut out twice with a long time in between is not a second process", "[lane][rejoin]") {
  RejoinJudge judge;
  judge.joined(at(0));
  CHECK(judge.shut_out(at(1'000), Coordinator::kKept).joins_anew);
  judge.joined(at(2'000));
  CHECK(judge.shut_out(at(1'000 + RejoinJudge::kRivalWithin.count()), Coordinator::kKept).joins_anew);
}
