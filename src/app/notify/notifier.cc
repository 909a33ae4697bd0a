#include "app/notify/notifier.h"

#include <algorithm>
#include <utility>

namespace weir {
namespace {

using Clock = Outbox::Clock;

constexpr Milliseconds kPollMax{500};        // how soon a stop is noticed
constexpr size_t kReadAtOnce = 500;          // before a message that is due goes out
constexpr Milliseconds kCommitEvery{2'000};  // where nothing is sent: alerts that are passed over
constexpr Milliseconds kCountsEvery{60'000};

std::string seconds(Milliseconds time) {
  return std::to_string(time.count() / 1000) + " s";
}

}  // namespace

Notifier::Notifier(const Config& config, Messages messages, Webhook& webhook, Subscription& subscription, LogSink log)
    : filter_(config.notify),
      messages_(std::move(messages)),
      webhook_(webhook),
      subscription_(subscription),
      log_(std::move(log)),
      outbox_(config.notify, Clock::now()) {
  counts_due_ = Clock::now() + kCountsEvery;
}

Status Notifier::run(Until until, Interruption& interruption) {
  Status status;
  while (status && !interruption.requested()) {
    status = read();
    const auto now = Clock::now();
    if (status && outbox_.due() && *outbox_.due() <= now) status = send(until);
    if (Clock::now() >= commit_due_) commit();
    if (Clock::now() >= counts_due_) log_counts();
    service_.feed_watchdog();
    if (until == Until::kDelivered && subscription_.has_reached_ends() && outbox_.waiting() == 0) break;
  }
  service_.stopping("ending");
  commit();
  log_counts();
  return status;
}

/// Until something is due to be sent.
Milliseconds Notifier::pause() const {
  const auto due = outbox_.due();
  if (!due) return kPollMax;
  const auto left = std::chrono::ceil<Milliseconds>(*due - Clock::now());
  return std::clamp(left, Milliseconds{0}, kPollMax);
}

/// Takes in what is there, and waits for more as long as there is nothing else to do.
Status Notifier::read() {
  if (outbox_.is_full())
    subscription_.hold();
  else
    subscription_.go_on();
  for (size_t i = 0; i < kReadAtOnce && !(i > 0 && outbox_.is_full()); ++i) {
    auto record = subscription_.next(i == 0 ? pause() : Milliseconds{0});
    if (!record) return tl::unexpected(record.error());
    if (subscription_.losses() != losses_) {
      losses_ = subscription_.losses();
      outbox_.clear();
      committed_.clear();
    }
    if (!is_ready_ && subscription_.has_joined()) {
      is_ready_ = true;
      service_.ready("sending alerts");
      log_(LogLevel::kInfo, "notify: reading alerts");
    }
    if (!*record) break;
    take(**record);
  }
  return {};
}

void Notifier::take(const TopicRecord& record) {
  ++counts_.read;
  std::optional<Notice> notice;
  if (const auto alert = AlertView::parse(record.value); alert && filter_.takes(*alert))
    notice = messages_.notice_of(*alert);
  const auto added = outbox_.add(record.partition, record.offset, std::move(notice));
  if (added == Outbox::Added::kNothing) ++counts_.passed;
  if (added == Outbox::Added::kRepeat) ++counts_.repeats;
}

Status Notifier::send(Until until) {
  const Outbox::Next next = outbox_.next(Clock::now());
  const bool is_summary = next.notice == nullptr;
  const std::string body = is_summary ? messages_.summary_of(next.summary) : next.notice->body;
  const std::string id = is_summary ? "summary-" + std::to_string(next.summary.last.time_since_epoch().count()) + "-" +
                                          std::to_string(next.summary.count)
                                    : next.notice->id;
  const uint64_t told = next.summary.count;
  const WebhookAnswer answer = webhook_.post(body, id);
  const auto now = Clock::now();
  if (answer.is_delivered()) {
    outbox_.delivered(now);
    (is_summary ? counts_.summaries : counts_.sent) += 1;
    counts_.told += told;
    commit();
    return {};
  }
  if (answer.is_refused()) {
    log_(LogLevel::kError, "notify: message " + id + " is left out: " + answer.to_string());
    outbox_.refused(now);
    ++counts_.refused;
    commit();
    return {};
  }
  outbox_.failed(now, answer.wait);
  ++counts_.failed;
  log_failure(answer);
  if (until == Until::kDelivered && outbox_.tries() >= kTriesMax)
    return fail(ErrorCode::kIo, "notify",
                "not delivered after " + std::to_string(kTriesMax) + " tries: " + answer.to_string());
  return {};
}

void Notifier::log_failure(const WebhookAnswer& answer) {
  const auto pause = std::chrono::ceil<Milliseconds>(outbox_.due().value_or(Clock::now()) - Clock::now());
  const bool is_lasting = answer.status == 401 || answer.status == 403 || answer.status == 404 || answer.status == 410;
  log_(is_lasting ? LogLevel::kError : LogLevel::kWarning,
       "notify: not delivered, tried again in " + seconds(std::max(pause, Milliseconds{0})) + ": " +
           answer.to_string() + (is_lasting ? "; are notify.url and notify.authorization right?" : "") + "; " +
           std::to_string(outbox_.waiting()) + " alerts wait");
}

/// What is delivered. If that fails it is tried again with the next; a process that ends by then repeats it.
void Notifier::commit() {
  commit_due_ = Clock::now() + kCommitEvery;
  if (outbox_.positions() == committed_) return;
  std::vector<TopicPosition> positions;
  for (const auto& [partition, offset] : outbox_.positions()) {
    const auto known = committed_.find(partition);
    if (known == committed_.end() || known->second != offset) positions.push_back({partition, offset});
  }
  if (Status status = subscription_.commit(positions); !status) {
    log_(LogLevel::kWarning, "notify: " + status.error().detail);
    return;
  }
  committed_ = outbox_.positions();
}

void Notifier::log_counts() {
  counts_due_ = Clock::now() + kCountsEvery;
  if (counts_ == counts_logged_) return;
  counts_logged_ = counts_;
  const auto number = [](uint64_t value, std::string_view of) { return std::to_string(value).append(" ").append(of); };
  log_(LogLevel::kInfo, "notify: " + number(counts_.read, "alerts read, ") + number(counts_.passed, "passed over, ") +
                            number(counts_.repeats, "repeats, ") + number(counts_.sent, "sent, ") +
                            number(counts_.told, "told in ") + number(counts_.summaries, "summaries, ") +
                            number(counts_.refused, "refused, ") + number(counts_.failed, "tries failed, ") +
                            number(outbox_.waiting(), "waiting"));
}

}  // namespace weir
