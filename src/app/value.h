// app/value.h — A configuration value, whatever file it came from.
//
// Why: `spin.toml` and the locked app say the same things in TOML and in JSON. Both become this
// tree, so that there is one reader of keys, and every message can name the line.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace kt::app {

/// A file being read, as messages name it.
struct Document {
  std::string name;
  /// "spin.toml:12: what", or "spin.lock: what" where no line is known.
  tl::unexpected<Error> error(int line, std::string_view what) const;
  std::string at(int line) const;
};

struct Value {
  enum class Kind { Null, Flag, Integer, Number, Text, DateTime, Array, Table };

  Kind kind = Kind::Null;
  int line = 0;                   ///< 0: not known
  std::string key;                ///< when it is a member of a table
  bool flag = false;              ///< Flag
  std::int64_t integer = 0;       ///< Integer
  double number = 0;              ///< Number
  std::string text;               ///< Text; DateTime as RFC 3339
  std::vector<Value> items = {};  ///< of an Array, or the members of a Table in their file's order

  bool is(Kind k) const { return kind == k; }
  /// The member of that name; null when there is none or this is no table.
  const Value* find(std::string_view member) const;
};

/// "a string", "a whole number", ... for messages.
std::string_view describe(Value::Kind kind);

/// Reads TOML. Invalid names file and line. At most 4 MiB.
Result<Value> read_toml(std::string_view text, const Document& document);
/// Reads JSON; lines are not known. Invalid names file and place. At most 64 MiB, 64 levels.
Result<Value> read_json(std::string_view text, const Document& document);

// Typed access to a member, each an error that names the line when the kind is wrong.
/// The text, or `fallback` where the member is absent.
Result<std::string> text_member(const Value& table, std::string_view member,
                                const Document& document, std::string_view fallback = {});
Result<bool> flag_member(const Value& table, std::string_view member, const Document& document,
                         bool fallback);
/// The member's items, none where it is absent; each must be text.
Result<std::vector<std::string>> text_list_member(const Value& table, std::string_view member,
                                                  const Document& document);
/// The member when it is a table; null where it is absent.
Result<const Value*> table_member(const Value& table, std::string_view member,
                                  const Document& document);
Result<const Value*> array_member(const Value& table, std::string_view member,
                                  const Document& document);
/// Refuses a member that is not in `known`: names its line and the nearest known one. `where` is
/// the table as the user wrote it: "[component.x]".
Result<Unit> only_members(const Value& table, const std::vector<std::string_view>& known,
                          std::string_view where, const Document& document);

}  // namespace kt::app
