#pragma once

namespace weir {

/// What a piece of SQL is; the letters are what a fingerprint is written with.
enum class SqlToken : char {
  kNumber = '1',
  kString = 's',
  kVariable = 'v',   ///< @x, @@x
  kConstant = 'C',   ///< null, true, false, current_user …
  kWord = 'n',       ///< a name, or a word of prose
  kFunction = 'f',   ///< a function of a database that a bracket follows
  kStatement = 'E',  ///< select, insert, exec …
  kUnion = 'U',      ///< union, except, intersect
  kClause = 'B',     ///< order by, group by, having, limit, procedure …
  kKeyword = 'k',    ///< from, into, table …
  kLogic = '&',      ///< and, or, xor, &&, ||
  kOperator = 'o',   ///< =, <>, +, like, between …
  kComment = 'c',    ///< -- or # or an open /*
  kOpen = '(',
  kClose = ')',
  kComma = ',',
  kSemicolon = ';',
  kOther = '?',  ///< what SQL has no use for
};

}  // namespace weir
