// Judges a file of flat records with libmodsecurity and the OWASP Core Rule Set that Debian packages: what a server that has it as a
// module does with each request, without the server. The runner is modsecurity_crs.py.
#include <modsecurity/modsecurity.h>
#include <modsecurity/rules_set.h>
#include <modsecurity/transaction.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace {

using Json = nlohmann::json;

// Beside the rules: bodies are read, by the parser that their type names, and what the rules would stop is stopped.
constexpr const char* kEngine = R"(
SecRuleEngine On
SecRequestBodyAccess On
SecRequestBodyLimit 134217728
SecResponseBodyAccess Off
SecAuditEngine Off
SecRule REQUEST_HEADERS:Content-Type "@rx ^application/(?:[a-z.+-]*\+)?json" "id:10,phase:1,t:none,t:lowercase,nolog,pass,ctl:requestBodyProcessor=JSON"
SecRule REQUEST_HEADERS:Content-Type "@rx ^(?:application|text)/(?:[a-z.+-]*\+)?xml" "id:11,phase:1,t:none,t:lowercase,nolog,pass,ctl:requestBodyProcessor=XML"
Include /etc/modsecurity/crs/crs-setup.conf
Include /usr/share/modsecurity-crs/rules/*.conf
)";

std::string text(const Json& record, const char* name) {
  const auto found = record.find(name);
  return found != record.end() && found->is_string() ? found->get<std::string>() : std::string();
}

void add_header(modsecurity::Transaction& transaction, const std::string& name, const std::string& value) {
  if (!value.empty()) transaction.addRequestHeader(name, value);
}

bool is_stopped(modsecurity::Transaction& transaction) {
  modsecurity::ModSecurityIntervention intervention;
  modsecurity::intervention::clean(&intervention);
  const bool stopped = transaction.intervention(&intervention);
  modsecurity::intervention::free(&intervention);
  return stopped;
}

bool is_attack(modsecurity::ModSecurity& engine, modsecurity::RulesSet& rules, const Json& record) {
  modsecurity::Transaction transaction(&engine, &rules, nullptr);
  const std::string query = text(record, "query");
  const std::string uri = text(record, "path") + (query.empty() ? "" : "?" + query);
  transaction.processConnection(text(record, "ip").c_str(), 40000, "192.0.2.1", 443);
  transaction.processURI(uri.c_str(), text(record, "method").c_str(), "1.1");
  add_header(transaction, "Host", text(record, "host"));
  add_header(transaction, "User-Agent", text(record, "user_agent"));
  add_header(transaction, "Referer", text(record, "referer"));
  add_header(transaction, "Content-Type", text(record, "content_type"));
  const std::string body = text(record, "body");
  if (!body.empty()) add_header(transaction, "Content-Length", std::to_string(body.size()));
  const auto headers = record.find("headers");
  if (headers != record.end() && headers->is_object()) {
    for (const auto& [name, value] : headers->items())
      add_header(transaction, name, value.is_string() ? value.get<std::string>() : value.dump());
  }
  transaction.processRequestHeaders();
  if (is_stopped(transaction)) return true;
  transaction.appendRequestBody(reinterpret_cast<const unsigned char*>(body.data()), body.size());
  transaction.processRequestBody();
  return is_stopped(transaction);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) {
    std::fprintf(stderr, "usage: %s RECORDS RESULT\n", arguments[0]);
    return 2;
  }
  modsecurity::ModSecurity engine;
  engine.setServerLogCb([](void*, const void*) {});
  modsecurity::RulesSet rules;
  if (rules.load(kEngine) < 0) {
    std::fprintf(stderr, "the rules could not be loaded: %s\n", rules.getParserError().c_str());
    return 1;
  }
  std::ifstream records(arguments[1]);
  Json found = Json::array();
  long judged = 0;
  for (std::string line; std::getline(records, line);) {
    const Json record = Json::parse(line, nullptr, false);
    if (record.is_discarded()) continue;
    ++judged;
    if (is_attack(engine, rules, record)) found.push_back(text(record, "request_id"));
  }
  std::ofstream(arguments[2]) << Json{{"records", judged}, {"found", found}};
  return 0;
}
