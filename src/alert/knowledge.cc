#include "alert/knowledge.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/ascii.h"

namespace weir {
namespace {

struct CategoryFacts {
  std::string_view caption, technique, remediation;
};

// In the order of Category.
constexpr std::array<CategoryFacts, static_cast<size_t>(Category::kCount)> kCategories{{
    {"SQL injection", "T1190",
     "Bind values as parameters of prepared statements; check the database's log for what was run in this time."},
    {"Cross-site scripting", "T1190",
     "Encode what is written into pages for the place it stands in, and set a content security policy without inline "
     "script."},
    {"Command injection", "T1059",
     "Call programs with a list of arguments and without a shell; look on the host for processes of the web server's "
     "user."},
    {"Path traversal", "T1083",
     "Resolve the path and refuse what lies outside the folder meant; replace secrets in files that were answered."},
    {"NoSQL injection", "T1190", "Accept only values of the expected type, never objects or operators, in queries."},
    {"LDAP injection", "T1190", "Escape values in search filters, and bind with an account that sees little."},
    {"Server-side request forgery", "T1190",
     "Allow only named hosts for outgoing requests, after resolution; require tokens for the metadata service."},
    {"Template injection", "T1059", "Never make templates of what users send; give values to fixed templates."},
    {"XML external entity", "T1190", "Switch off external entities and document types in the XML parser."},
    {"Code execution", "T1059",
     "Update or replace the component that evaluates the value; take the host apart if the attack was likely "
     "effective."},
    {"File inclusion", "T1190", "Include files by a fixed list of names, and forbid remote ones in the interpreter."},
    {"Header injection", "T1190", "Refuse line breaks in values that become headers or lines of other protocols."},
    {"Suspicious request", "T1190", "Compare the request with what the application expects on this route."},
}};

constexpr std::string_view kAccess = "TA0001", kAccessName = "Initial Access";
constexpr std::array<Technique, 17> kTechniques{{
    {"T1190", "Exploit Public-Facing Application", {}, {}, kAccess, kAccessName},
    {"T1059", "Command and Scripting Interpreter", {}, {}, "TA0002", "Execution"},
    {"T1083", "File and Directory Discovery", {}, {}, "TA0007", "Discovery"},
    {"T1110", "Brute Force", {}, {}, "TA0006", "Credential Access"},
    {"T1110", "Brute Force", "T1110.003", "Password Spraying", "TA0006", "Credential Access"},
    {"T1110", "Brute Force", "T1110.004", "Credential Stuffing", "TA0006", "Credential Access"},
    {"T1595", "Active Scanning", {}, {}, "TA0043", "Reconnaissance"},
    {"T1595", "Active Scanning", "T1595.002", "Vulnerability Scanning", "TA0043", "Reconnaissance"},
    {"T1595", "Active Scanning", "T1595.003", "Wordlist Scanning", "TA0043", "Reconnaissance"},
    {"T1499", "Endpoint Denial of Service", {}, {}, "TA0040", "Impact"},
    {"T1078", "Valid Accounts", {}, {}, kAccess, kAccessName},
    {"T1090", "Proxy", {}, {}, "TA0011", "Command and Control"},
    {"T1552", "Unsecured Credentials", {}, {}, "TA0006", "Credential Access"},
    {"T1528", "Steal Application Access Token", {}, {}, "TA0006", "Credential Access"},
    {"T1040", "Network Sniffing", {}, {}, "TA0006", "Credential Access"},
    {"T1530", "Data from Cloud Storage", {}, {}, "TA0009", "Collection"},
    {"T1592", "Gather Victim Host Information", {}, {}, "TA0043", "Reconnaissance"},
}};

/// By the technique, or by the sub-technique where there is a dot.
const Technique* technique(std::string_view uid) {
  const auto found = std::find_if(kTechniques.begin(), kTechniques.end(), [uid](const Technique& technique) {
    return uid.find('.') == std::string_view::npos ? technique.sub_uid.empty() && technique.uid == uid
                                                   : technique.sub_uid == uid;
  });
  return found == kTechniques.end() ? nullptr : &*found;
}

std::string_view technique_of(BurstReason reason) {
  switch (reason) {
    case BurstReason::kRequestRate:
      return "T1499";
    case BurstReason::kFailedAuthentication:
      return "T1110";
    case BurstReason::kCredentialStuffing:
      return "T1110.004";
    case BurstReason::kPasswordSpraying:
      return "T1110.003";
    case BurstReason::kEnumeration:
      return "T1595.003";
    case BurstReason::kScanning:
      return "T1595.002";
  }
  return "T1595";
}

void add(std::vector<Technique>& all, std::string_view uid) {
  const Technique* const found = technique(uid);
  const auto is_same = [&](const Technique& technique) {
    return technique.uid == found->uid && technique.sub_uid == found->sub_uid;
  };
  if (found != nullptr && std::none_of(all.begin(), all.end(), is_same)) all.push_back(*found);
}

/// Of tags like `attack.t1110.003`.
void add_tags(std::vector<Technique>& all, const std::vector<std::string>& tags) {
  constexpr std::string_view kPrefix = "attack.t";
  for (const std::string& tag : tags) {
    if (!tag.starts_with(kPrefix)) continue;
    const std::string uid = "T" + tag.substr(kPrefix.size());
    add(all, technique(uid) != nullptr ? uid : uid.substr(0, uid.find('.')));
  }
}

const EvidenceHit* first_hit(const Alert& alert) {
  return alert.evidence && !alert.evidence->hits.empty() ? &alert.evidence->hits.front() : nullptr;
}

std::string_view remediation_of_correlation(const Alert& alert) {
  const auto has_tag = [&](std::string_view tag) {
    return alert.correlation && std::find(alert.correlation->tags.begin(), alert.correlation->tags.end(), tag) !=
                                    alert.correlation->tags.end();
  };
  if (has_tag("attack.t1552") || has_tag("attack.t1040"))
    return "Change the credential: logs and everybody on the way have it. Send it in a header or body, over TLS only.";
  if (has_tag("weir.response_headers"))
    return "Set the header in the application or in the proxy before it, and take out what names the server's "
           "software.";
  return "Look at the records of the group within the time span, and at alerts of the same client around it.";
}

std::string_view remediation_of_burst(BurstReasons reasons) {
  switch (static_cast<BurstReason>(reasons)) {
    case BurstReason::kRequestRate:
      return "If the address stands for many clients, name it in score.bursts.shared_networks; otherwise limit its "
             "rate.";
    case BurstReason::kEnumeration:
    case BurstReason::kScanning:
      return "Block the address at the edge, and check what of it was answered with success.";
    default:
      return "Lock or slow down logins of these accounts and this address, ask for a second factor, and look for one "
             "that succeeded.";
  }
}

}  // namespace

std::string_view caption_of(Category category) {
  return kCategories.at(static_cast<size_t>(category)).caption;
}

std::vector<Technique> techniques_of(const Alert& alert) {
  std::vector<Technique> all;
  if (alert.kind == AlertKind::kAttack) {
    add(all, "T1190");
    for (size_t i = 0; i < kCategories.size(); ++i)
      if ((alert.categories >> i & 1U) != 0) add(all, kCategories[i].technique);
  } else if (alert.kind == AlertKind::kBurst) {
    for (size_t i = 0; i < kBurstReasons; ++i)
      if ((alert.burst.reasons >> i & 1U) != 0) add(all, technique_of(static_cast<BurstReason>(1U << i)));
  } else if (alert.kind == AlertKind::kAbuse) {
    const bool changes = (alert.verdict.reasons & static_cast<AbuseReasons>(AbuseReason::kRapidIpChanges)) != 0;
    add(all, changes ? "T1090" : "T1595");
  } else if (alert.correlation) {
    add_tags(all, alert.correlation->tags);
  }
  if (all.empty()) add(all, "T1595");
  return all;
}

std::string_view remediation_of(const Alert& alert) {
  if (alert.kind == AlertKind::kBurst) return remediation_of_burst(alert.burst.reasons);
  if (alert.kind == AlertKind::kAbuse)
    return "Find out whose automation this is; if nobody's, ask the client to prove itself and limit its rate.";
  if (alert.kind == AlertKind::kCorrelation) return remediation_of_correlation(alert);
  if (alert.evidence && !alert.evidence->remediation.empty()) return alert.evidence->remediation;
  if (const EvidenceHit* hit = first_hit(alert)) return kCategories.at(static_cast<size_t>(hit->category)).remediation;
  for (size_t i = 0; i < kCategories.size(); ++i)
    if ((alert.categories >> i & 1U) != 0) return kCategories[i].remediation;
  return kCategories.back().remediation;
}

Confidence confidence_of(const Alert& alert) {
  constexpr int kExact = 70, kVague = 30;
  if (alert.kind != AlertKind::kAttack) return alert.kind == AlertKind::kAbuse ? Confidence::kLow : Confidence::kMedium;
  if (alert.outcome == Outcome::kLikelyEffective) return Confidence::kHigh;
  const EvidenceHit* const hit = first_hit(alert);
  if (hit == nullptr) return Confidence::kMedium;
  const bool several = std::count_if(alert.evidence->hits.begin(), alert.evidence->hits.end(),
                                     [](const EvidenceHit& evidence_hit) { return evidence_hit.weight > 0; }) > 2;
  if (hit->specificity >= kExact || several) return Confidence::kHigh;
  return hit->specificity < kVague ? Confidence::kLow : Confidence::kMedium;
}

}  // namespace weir
