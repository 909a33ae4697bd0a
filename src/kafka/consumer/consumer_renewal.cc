#include <array>
#include <chrono>
#include <utility>

#include "kafka/consumer/consumer.h"
#include "lane/pause.h"

// The part of a consumer that gives a client up, joins with a new one, and leaves.

namespace weir {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Milliseconds kLeaveMax{2'000};
// Leaving begins with a rebalance of the library's own, which comes at once. Until that is answered the client cannot end, and destroying it
// waits for ever: so it is answered even where nothing may be waited for any more.
constexpr Milliseconds kAnswerMax{1'000};
constexpr int kLeaveSliceMs = 100;

}  // namespace

/// The client is of no use any more. A static member can be shut out by its own earlier join: see RejoinJudge.
void KafkaConsumer::on_fatal_error() {
  std::array<char, 512> text{};
  const auto code = rd_kafka_fatal_error(client_.get(), text.data(), text.size());
  if (code != RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID)
    return end_with(kafka_error("consumer " + context_.client_id, code, text.data()));
  const bool lost = context_.connection_losses.load(std::memory_order_relaxed) != losses_at_join_;
  const auto verdict =
      rejoin_.shut_out(Clock::now(), lost ? RejoinJudge::Coordinator::kLostSinceJoin : RejoinJudge::Coordinator::kKept);
  if (!verdict.joins_anew) {
    return end_with(
        kafka_error("consumer " + context_.client_id +
                        " (for the second time within 30 s: a second process has the same kafka.instance_id)",
                    code, text.data()));
  }
  give_up_client(lost ? "its own join before the coordinator was lost has its name (kafka.instance_id)"
                      : "another member has its name (kafka.instance_id), perhaps its own earlier join",
                 verdict.pause);
}

void KafkaConsumer::end_with(Error error) {
  context_.log(LogLevel::kError, "kafka: " + error.detail);
  health_ = tl::unexpected(std::move(error));
}

/// The next poll() tells the listener that the partitions are lost, and joins with a new client after the pause.
void KafkaConsumer::give_up_client(std::string_view reason, Milliseconds pause) {
  must_renew_ = true;
  renew_pause_ = pause;
  context_.log(LogLevel::kWarning,
               "kafka: consumer " + context_.client_id + ": " + std::string(reason) + "; joining the group anew" +
                   (pause.count() == 0 ? std::string() : " in " + std::to_string(pause.count()) + " ms"));
}

void KafkaConsumer::renew_given_up() {
  lose_partitions();
  pause(std::exchange(renew_pause_, Milliseconds(0)), *patience_);
  if (Status status = renew(CarryDone::kNo, *patience_); !status) health_ = status;
}

Status KafkaConsumer::renew(CarryDone done, Patience& patience) {
  must_renew_ = false;
  drop_batch();
  if (done == CarryDone::kYes)
    positions_.clear_and_carry();
  else
    positions_.carry_nothing();
  forget_partitions();
  counters_.consumer_renewals.add();
  leave(*client_, patience);
  waker_.reset();  // all use the client
  all_ends_question_.reset();
  if (std::exchange(end_question_, nullptr) != nullptr) end_trust_.give_up_question();
  // Seen to hang for ever in a client whose coordinator connection is stuck: not on the lane's thread.
  ending_.end(std::move(client_));
  if (Status status = connect(); !status) return status;
  return join();
}

/// Tells the group that this member goes, without serving its rebalance callback: the lane has given up its partitions.
void KafkaConsumer::leave(rd_kafka_t& client, Patience& patience) {
  const QueueHandle events(rd_kafka_queue_new(&client));
  const ErrorHandle error(rd_kafka_consumer_close_queue(&client, events.get()));
  const auto begin = Clock::now();
  const auto may_wait = [&] {
    const auto spent = Clock::now() - begin;
    return spent < kAnswerMax || (spent < kLeaveMax && patience.may_wait());
  };
  while (error == nullptr && rd_kafka_consumer_closed(&client) == 0 && may_wait()) {
    const EventHandle event(rd_kafka_queue_poll(events.get(), kLeaveSliceMs));
    if (event != nullptr && rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_REBALANCE)
      static_cast<void>(rd_kafka_assign(&client, nullptr));
  }
}

void KafkaConsumer::close(Patience& patience) {
  if (closed_) return;
  closed_ = true;
  drop_batch();
  const QueueHandle events(rd_kafka_queue_new(client_.get()));
  const ErrorHandle error(rd_kafka_consumer_close_queue(client_.get(), events.get()));
  if (error != nullptr) {
    context_.log(LogLevel::kWarning,
                 "kafka: " + kafka_error("leaving the group", rd_kafka_error_code(error.get())).detail);
    return;
  }
  const auto answer_until = Clock::now() + kAnswerMax;
  while (rd_kafka_consumer_closed(client_.get()) == 0 && (patience.may_wait() || Clock::now() < answer_until)) {
    const EventHandle event(rd_kafka_queue_poll(events.get(), kLeaveSliceMs));
    if (event == nullptr || rd_kafka_event_type(event.get()) != RD_KAFKA_EVENT_REBALANCE) continue;
    on_rebalance(client_.get(), rd_kafka_event_error(event.get()), rd_kafka_event_topic_partition_list(event.get()),
                 &context_);
  }
}

}  // namespace weir
