#include "detect/confirm/sql_words.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "base/ascii.h"

namespace weir {
namespace {

struct Word {
  std::string_view text;
  SqlToken token;
};

constexpr auto kF = SqlToken::kFunction;
constexpr auto kE = SqlToken::kStatement;
constexpr auto kK = SqlToken::kKeyword;
constexpr auto kB = SqlToken::kClause;
constexpr auto kO = SqlToken::kOperator;
constexpr auto kC = SqlToken::kConstant;
constexpr auto kL = SqlToken::kLogic;
constexpr auto kU = SqlToken::kUnion;

/// Reserved words and functions of MySQL, PostgreSQL, SQL Server, Oracle and SQLite; ordered, for a binary search.
constexpr std::array kWords = {
    Word{"abs", kF},
    Word{"all", kK},
    Word{"alter", kE},
    Word{"and", kL},
    Word{"any", kK},
    Word{"array_agg", kF},
    Word{"as", kK},
    Word{"ascii", kF},
    Word{"avg", kF},
    Word{"benchmark", kF},
    Word{"between", kO},
    Word{"bin", kF},
    Word{"binary", kO},
    Word{"bit_and", kF},
    Word{"case", kE},
    Word{"cast", kF},
    Word{"ceil", kF},
    Word{"char", kF},
    Word{"char_length", kF},
    Word{"chr", kF},
    Word{"coalesce", kF},
    Word{"collate", kO},
    Word{"concat", kF},
    Word{"concat_ws", kF},
    Word{"convert", kF},
    Word{"count", kF},
    Word{"create", kE},
    Word{"cross", kK},
    Word{"current_database", kF},
    Word{"current_user", kC},
    Word{"database", kF},
    Word{"db_name", kF},
    Word{"dbms_lock.sleep", kF},
    Word{"dbms_pipe.receive_message", kF},
    Word{"declare", kE},
    Word{"delete", kE},
    Word{"desc", kK},
    Word{"distinct", kK},
    Word{"div", kO},
    Word{"drop", kE},
    Word{"elt", kF},
    Word{"except", kU},
    Word{"exec", kE},
    Word{"execute", kE},
    Word{"exists", kF},
    Word{"exp", kF},
    Word{"extractvalue", kF},
    Word{"false", kC},
    Word{"find_in_set", kF},
    Word{"floor", kF},
    Word{"format", kF},
    Word{"from", kK},
    Word{"from_base64", kF},
    Word{"generate_series", kF},
    Word{"glob", kO},
    Word{"group_concat", kF},
    Word{"gtid_subset", kF},
    Word{"having", kB},
    Word{"hex", kF},
    Word{"if", kF},
    Word{"ifnull", kF},
    Word{"iif", kF},
    Word{"in", kO},
    Word{"insert", kE},
    Word{"instr", kF},
    Word{"intersect", kU},
    Word{"into", kK},
    Word{"is", kO},
    Word{"isnull", kF},
    Word{"join", kK},
    Word{"json_extract", kF},
    Word{"left", kF},
    Word{"length", kF},
    Word{"like", kO},
    Word{"limit", kB},
    Word{"load_extension", kF},
    Word{"load_file", kF},
    Word{"lower", kF},
    Word{"lpad", kF},
    Word{"ltrim", kF},
    Word{"make_set", kF},
    Word{"max", kF},
    Word{"md5", kF},
    Word{"mid", kF},
    Word{"min", kF},
    Word{"minus", kU},
    Word{"mod", kO},
    Word{"name_const", kF},
    Word{"not", kO},
    Word{"null", kC},
    Word{"nullif", kF},
    Word{"nvl", kF},
    Word{"object_id", kF},
    Word{"offset", kB},
    Word{"or", kL},
    Word{"ord", kF},
    Word{"order", kB},
    Word{"group", kB},
    Word{"pg_read_file", kF},
    Word{"pg_sleep", kF},
    Word{"pi", kF},
    Word{"pow", kF},
    Word{"procedure", kB},
    Word{"quote", kF},
    Word{"rand", kF},
    Word{"randomblob", kF},
    Word{"regexp", kO},
    Word{"regexp_like", kF},
    Word{"replace", kF},
    Word{"reverse", kF},
    Word{"right", kF},
    Word{"rlike", kO},
    Word{"round", kF},
    Word{"rpad", kF},
    Word{"rtrim", kF},
    Word{"schema", kF},
    Word{"select", kE},
    Word{"session_user", kC},
    Word{"set", kK},
    Word{"sha1", kF},
    Word{"shutdown", kE},
    Word{"sleep", kF},
    Word{"sounds", kO},
    Word{"sqlite_version", kF},
    Word{"str", kF},
    Word{"strcmp", kF},
    Word{"string_agg", kF},
    Word{"substr", kF},
    Word{"substring", kF},
    Word{"sum", kF},
    Word{"system_user", kC},
    Word{"table", kK},
    Word{"to_char", kF},
    Word{"to_number", kF},
    Word{"top", kK},
    Word{"trim", kF},
    Word{"true", kC},
    Word{"truncate", kE},
    Word{"unhex", kF},
    Word{"union", kU},
    Word{"updatexml", kF},
    Word{"update", kE},
    Word{"upper", kF},
    Word{"user", kF},
    Word{"user_name", kF},
    Word{"utl_http.request", kF},
    Word{"utl_inaddr.get_host_address", kF},
    Word{"values", kK},
    Word{"version", kF},
    Word{"waitfor", kE},
    Word{"when", kK},
    Word{"where", kL},
    Word{"xmltype", kF},
    Word{"xor", kL},
    Word{"xp_cmdshell", kF},
    Word{"zeroblob", kF},
};
constexpr size_t kLongestWord = 27;

constexpr auto kSorted = [] {
  auto words = kWords;
  std::sort(words.begin(), words.end(), [](const Word& a, const Word& b) { return a.text < b.text; });
  return words;
}();

}  // namespace

SqlToken sql_word(std::string_view word) {
  if (word.size() < 2 || word.size() > kLongestWord) return SqlToken::kWord;
  std::array<char, kLongestWord> lower{};
  std::transform(word.begin(), word.end(), lower.begin(), to_lower);
  const std::string_view text(lower.data(), word.size());
  const auto* found = std::lower_bound(kSorted.begin(), kSorted.end(), text,
                                       [](const Word& w, std::string_view t) { return w.text < t; });
  return found != kSorted.end() && found->text == text ? found->token : SqlToken::kWord;
}

}  // namespace weir
