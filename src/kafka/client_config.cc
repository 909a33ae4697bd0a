#include "kafka/client_config.h"

#include <algorithm>
#include <array>

namespace weir {
namespace {

constexpr int kErrorTextBytes = 512;

/// Collects properties; empty values mean "not set".
class PropertyList {
 public:
  PropertyList& set(std::string name, std::string value) {
    if (!value.empty()) properties_.push_back({std::move(name), Secret(std::move(value))});
    return *this;
  }
  PropertyList& set(std::string name, int64_t value) { return set(std::move(name), std::to_string(value)); }
  PropertyList& add(std::vector<ClientProperty> others) {
    for (ClientProperty& other : others)
      properties_.push_back(std::move(other));
    return *this;
  }
  PropertyList& add(const std::map<std::string, Secret>& others) {
    for (const auto& [name, value] : others)
      properties_.push_back({name, value});
    return *this;
  }
  std::vector<ClientProperty> take() { return std::move(properties_); }

 private:
  std::vector<ClientProperty> properties_;
};

LogLevel level_from_syslog(int level) {
  if (level <= 3) return LogLevel::kError;
  if (level == 4) return LogLevel::kWarning;
  if (level <= 6) return LogLevel::kInfo;
  return LogLevel::kDebug;
}

/// What to grant, where only the library's text tells that a right is missing.
std::string_view hint_for_right(std::string_view text) {
  const auto says = [text](std::string_view words) { return text.find(words) != std::string_view::npos; };
  if (says("Topic authorization failed")) return hint_for(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, {});
  if (says("Group authorization failed")) return hint_for(RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, {});
  return {};
}

void on_log(const rd_kafka_t* client, int level, const char* facility, const char* text) {
  const auto* context = client == nullptr ? nullptr : static_cast<const ClientContext*>(rd_kafka_opaque(client));
  if (context == nullptr || !context->log) return;
  // The same properties go to consumers and producers; that some concern only one kind is no news (the library's warning).
  const std::string_view what(facility);
  LogLevel shown = what == "CONFWARN" ? LogLevel::kDebug : level_from_syslog(level);
  // The library connects again by itself. What weir cannot go on without becomes one error of weir's own.
  if (what == "FAIL" || what == "SSL") shown = LogLevel::kWarning;
  if (what == "FAIL" || what == "SESSTMOUT") context->connection_losses.fetch_add(1, std::memory_order_relaxed);
  if (what == "SSLCERTVRFY") shown = LogLevel::kDebug;
  // A missing right ends a transaction. This line alone names the topic or group; what comes of it are further lines.
  const bool refused = what == "ADDPARTS" || what == "ADDOFFSETS";
  const std::string_view hint = refused ? hint_for_right(text) : std::string_view();
  if (what == "TXNERR" || what == "FATAL") shown = LogLevel::kWarning;
  std::string line = "kafka client " + context->client_id + ": " + facility + ": " + text;
  if (!hint.empty()) line.append("; ").append(hint);
  context->log(shown, line);
}

/// Keeps OpenSSL's verdict on the broker's certificate, and its reason, which the library's own error leaves out.
int on_certificate(rd_kafka_t*, const char*, int32_t, int* x509_error, int, const char*, size_t, char* text,
                   size_t text_bytes, void* opaque) {
  if (*x509_error == 0) return 1;
  const std::string reason(certificate_problem(*x509_error));
  static_cast<ClientContext*>(opaque)->certificate_error.store(*x509_error, std::memory_order_relaxed);
  reason.copy(text, std::min(text_bytes - 1, reason.size()));
  text[std::min(text_bytes - 1, reason.size())] = '\0';
  return 0;
}

/// Added to a broker's alert about the client's certificate where there is none: brokers say "bad certificate" then, too.
constexpr std::string_view kNoCertificate = "; no client certificate is set";

/// The broker's word about our own certificate comes as a TLS alert, under a code that says nothing of TLS.
std::string_view hint_for_alert(std::string_view reason) {
  const auto says = [reason](std::string_view text) { return reason.find(text) != std::string_view::npos; };
  if (says("alert certificate required") || says("alert handshake failure") || says(kNoCertificate))
    return "the broker wants a client certificate: set kafka.security.certificate_file and key_file";
  if (says("alert") && (says("certificate") || says("unknown ca"))) {
    return "the broker refuses the client's certificate: is kafka.security.certificate_file expired, or not issued by "
           "an "
           "authority that the broker trusts?";
  }
  if (says("Unsupported SASL mechanism")) return "set kafka.security.sasl_mechanism to one that the broker supports";
  return {};
}

void on_error(rd_kafka_t*, int code, const char* reason, void* opaque) {
  auto& context = *static_cast<ClientContext*>(opaque);
  const auto error = static_cast<rd_kafka_resp_err_t>(code);
  // "All brokers are down" says less than the reason that came just before it.
  const bool known = context.has_problem(ClientContext::Problem::kConnection);
  if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && known) return;
  std::string whole(reason);
  if (whole.find("certificate verify failed") != std::string::npos) {
    const int code_of_certificate = context.certificate_error.load(std::memory_order_relaxed);
    whole = "the broker's certificate is not accepted: " + std::string(certificate_problem(code_of_certificate));
  }
  if (!context.sends_certificate && whole.find("alert bad certificate") != std::string::npos) whole += kNoCertificate;
  const bool refused =
      error == RD_KAFKA_RESP_ERR__AUTHENTICATION || error == RD_KAFKA_RESP_ERR__SSL || !hint_for_alert(whole).empty();
  context.refused.store(refused, std::memory_order_relaxed);
  context.connection_losses.fetch_add(1, std::memory_order_relaxed);
  context.set_problem(ClientContext::Problem::kConnection, kafka_error("broker connection", error, whole).detail);
}

/// What a file that cannot be used is called in weir's configuration.
std::string_view key_of_file(std::string_view text) {
  if (text.find("ssl.ca.location") != std::string_view::npos) return "; check kafka.security.ca_file";
  if (text.find("ssl.certificate.location") != std::string_view::npos) return "; check kafka.security.certificate_file";
  if (text.find("ssl.key.location") != std::string_view::npos)
    return "; check kafka.security.key_file and key_password";
  return {};
}

/// The library's text may repeat the value it refuses, so it is shown only for values that weir itself set.
Error refused(const ClientProperty& property, rd_kafka_conf_res_t result) {
  const bool unknown = result == RD_KAFKA_CONF_UNKNOWN;
  return {ErrorCode::kInvalidArgument, "kafka",
          "the client library " + std::string(unknown ? "does not know the property " : "refuses the value of ") +
              property.name +
              (unknown ? ": see kafka.client_properties in the configuration"
                       : " (the value is not shown, it may be a secret)")};
}

}  // namespace

std::vector<ClientProperty> connection_properties(const KafkaConfig& kafka, std::string_view client_id) {
  const KafkaSecurity& security = kafka.security;
  return PropertyList()
      .set("bootstrap.servers", kafka.bootstrap_servers)
      .set("client.id", std::string(client_id))
      .set("security.protocol", std::string(to_string(security.protocol)))
      .set("ssl.ca.location", security.ca_file)
      .set("ssl.certificate.location", security.certificate_file)
      .set("ssl.key.location", security.key_file)
      .set("ssl.key.password", security.key_password.reveal())
      .set("sasl.mechanisms", security.sasl_mechanism)
      .set("sasl.username", security.sasl_username)
      .set("sasl.password", security.sasl_password.reveal())
      .set("socket.nagle.disable", "true")     // small requests must not wait for each other's acknowledgement
      .set("socket.keepalive.enable", "true")  // a broker that vanished without a word is noticed
      .set("reconnect.backoff.max.ms", 2'000)  // after an outage the lanes are back within about that
      .take();
}

uint32_t queue_kbytes(const MemoryConfig& memory, const GroupMember& member) {
  constexpr uint32_t kLeast = 1'024;
  const uint32_t all = memory.consumer_queue_kbytes;
  // The other half is for what was fetched and waits (KafkaConsumer::pause_if_full).
  return member.held_back_max == 0 ? all : std::clamp(all / 2 / (member.held_back_max + 1), std::min(kLeast, all), all);
}

std::vector<ClientProperty> consumer_properties(const ClientOptions& options, std::string_view client_id,
                                                const GroupMember& member) {
  const int64_t session_ms = options.kafka.session_timeout.count();
  const int64_t queue_kb = queue_kbytes(options.memory, member);
  // A response comes as a whole, and logs are compressed: less than a queue holds of each partition where there are many queues.
  const int64_t partition_bytes_max =
      member.held_back_max == 0 ? 1 << 20 : std::clamp<int64_t>(queue_kb * 256, 64 << 10, 1 << 20);
  return PropertyList()
      .add(connection_properties(options.kafka, client_id))
      .set("group.id", member.group_id)
      .set("group.instance.id", member.instance_id)
      .set("session.timeout.ms", session_ms)
      .set("heartbeat.interval.ms", std::clamp<int64_t>(session_ms / 10, 100, 3'000))
      .set("max.poll.interval.ms", std::max<int64_t>(300'000, session_ms))
      .set("partition.assignment.strategy", "range")  // cooperative-sticky of librdkafka 2.0.2 loses assignments
      .set("isolation.level", "read_committed")
      .set("enable.auto.commit", "false")
      .set("enable.auto.offset.store", "false")
      .set("auto.offset.reset", "earliest")  // the consumer reports when this takes effect
      .set("enable.partition.eof", "true")   // markers of transactions hide which record is the last
      .set("allow.auto.create.topics", "false")
      .set("check.crcs", "true")
      .set("fetch.max.bytes", options.memory.fetch_bytes_max)
      .set("max.partition.fetch.bytes", std::min<int64_t>(options.memory.fetch_bytes_max, partition_bytes_max))
      .set("queued.max.messages.kbytes", queue_kb)
      .set("topic.metadata.refresh.interval.ms", member.has_patterns() ? "30000" : "")  // how soon a new topic is seen
      // Partitions at their ends must not delay for long that others, which have room again, are asked for.
      .set("fetch.wait.max.ms", member.held_back_max == 0 ? "" : "100")
      .set("fetch.queue.backoff.ms", fetches_need_wake_up() ? "" : "10")
      .add(options.kafka.client_properties)
      .take();
}

bool fetches_need_wake_up() {
  return rd_kafka_version() < 0x02010000;
}

std::vector<ClientProperty> producer_properties(const ClientOptions& options, std::string_view client_id,
                                                std::string_view transactional_id) {
  const bool transactional = !transactional_id.empty();
  return PropertyList()
      .add(connection_properties(options.kafka, client_id))
      .set("enable.idempotence", "true")  // a retry neither repeats nor reorders: scoring depends on the order
      .set("acks", "all")
      .set("compression.codec", "lz4")
      .set("linger.ms", 5)
      .set("batch.size", 512 << 10)        // a batch stays below the broker's default limit of 1 MB
      .set("message.max.bytes", 32 << 20)  // the broker's own limit decides, not ours
      .set("transactional.id", std::string(transactional_id))
      .set("transaction.timeout.ms", transactional ? "30000" : "")  // after a crash readers wait no longer than this
      // The library waits between the steps of a transaction by this: 100 ms, its default, allows ten a second.
      .set("retry.backoff.ms", transactional ? "5" : "")
      .set("message.timeout.ms", transactional ? 30'000 : 120'000)  // not above the transaction's
      .set("partitioner", "murmur2_random")  // the same partition for a client as the Java clients choose
      .set("queue.buffering.max.kbytes", options.memory.producer_queue_kbytes)
      .add(options.kafka.client_properties)
      .take();
}

void ClientContext::set_problem(Problem kind, std::string text) {
  const std::lock_guard lock(mutex_);
  texts_[static_cast<size_t>(kind)] = std::move(text);
  present_[static_cast<size_t>(kind)].store(true, std::memory_order_relaxed);
}

void ClientContext::clear_problem(Problem kind) {
  if (!has_problem(kind)) return;
  const std::lock_guard lock(mutex_);
  texts_[static_cast<size_t>(kind)].clear();
  present_[static_cast<size_t>(kind)].store(false, std::memory_order_relaxed);
}

std::string ClientContext::problems() const {
  const std::lock_guard lock(mutex_);
  return texts_[0] + (texts_[0].empty() || texts_[1].empty() ? "" : "; ") + texts_[1];
}

Result<ClientHandle> make_client(rd_kafka_type_t type, const std::vector<ClientProperty>& properties,
                                 ClientContext& context, void (*set_callbacks)(rd_kafka_conf_t*)) {
  ConfHandle conf(rd_kafka_conf_new());
  std::array<char, kErrorTextBytes> text{};
  for (const ClientProperty& property : properties) {
    const auto result =
        rd_kafka_conf_set(conf.get(), property.name.c_str(), property.value.reveal().c_str(), text.data(), text.size());
    if (result != RD_KAFKA_CONF_OK) return tl::unexpected(refused(property, result));
    const bool names_certificate =
        property.name.starts_with("ssl.certificate.") || property.name.starts_with("ssl.keystore.");
    context.sends_certificate |= names_certificate && !property.value.reveal().empty();
  }
  rd_kafka_conf_set_opaque(conf.get(), &context);
  rd_kafka_conf_set_log_cb(conf.get(), on_log);
  rd_kafka_conf_set_error_cb(conf.get(), on_error);
  rd_kafka_conf_set_ssl_cert_verify_cb(conf.get(), on_certificate);
  if (set_callbacks != nullptr) set_callbacks(conf.get());
  rd_kafka_t* client = rd_kafka_new(type, conf.get(), text.data(), text.size());
  if (client == nullptr) {
    return fail(
        ErrorCode::kInvalidArgument, "kafka",
        "cannot create the client " + context.client_id + ": " + text.data() + std::string(key_of_file(text.data())));
  }
  static_cast<void>(conf.release());  // the client owns it now
  return ClientHandle(client);
}

/// Numbers of OpenSSL's X509_V_ERR_…, which stay what they are.
std::string_view certificate_problem(int x509_error) {
  switch (x509_error) {
    case 9:
      return "it is not valid yet; check the clocks";
    case 10:
      return "it has expired; renew the broker's certificate";
    case 18:
    case 19:
    case 20:
    case 21:
      return "it was not issued by an authority in kafka.security.ca_file";
    case 62:
    case 64:
      return "it is for another host name or address than the one in kafka.bootstrap_servers";
    default:
      return "it could not be verified with kafka.security.ca_file";
  }
}

std::string_view hint_for(rd_kafka_resp_err_t code, std::string_view reason) {
  if (const std::string_view hint = hint_for_alert(reason); !hint.empty()) return hint;
  switch (code) {
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
      return "check that the broker runs and that kafka.bootstrap_servers and kafka.security.protocol are right";
    case RD_KAFKA_RESP_ERR__RESOLVE:
      return "check the host names in kafka.bootstrap_servers";
    case RD_KAFKA_RESP_ERR__SSL:
      return "check kafka.security.ca_file, certificate_file and key_file";
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
      if (reason.find("SCRAM") != std::string_view::npos && rd_kafka_version() < 0x02060100) {
        return "check kafka.security.sasl_username and sasl_password; this version of librdkafka (before 2.6.1) cannot "
               "do SCRAM with Kafka 4.x at all: use PLAIN over TLS, mutual TLS, or a newer librdkafka";
      }
      return "check kafka.security.sasl_mechanism, sasl_username and sasl_password";
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      return "grant READ on the input topics, and WRITE and DESCRIBE on weir's own";
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
      return "grant READ on the consumer groups <kafka.group_id>-detect and -score";
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
      return "grant IDEMPOTENT_WRITE on the cluster, and CREATE if weir is to create topics";
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
      return "grant WRITE and DESCRIBE on the transactional ids that begin with <kafka.group_id>-";
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
      return "another process uses the same kafka.instance_id; without one, the group lost sight of this process while "
             "its "
             "broker was away, and starting it again is all it takes";
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
      return "this machine's clock is too far from the broker's; correct it, or set "
             "message.timestamp.type=LogAppendTime on the topic";
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
      return "create the topic, or correct its name in kafka.topics";
    default:
      return {};
  }
}

Error kafka_error(std::string_view what, rd_kafka_resp_err_t code, std::string_view reason) {
  std::string text(what);
  text += ": ";
  text += reason.empty() ? std::string_view(rd_kafka_err2str(code)) : reason;
  if (const std::string_view hint = hint_for(code, reason); !hint.empty()) text.append("; ").append(hint);
  return {ErrorCode::kKafka, "kafka", std::move(text)};
}

}  // namespace weir
