#include "scaffold/liquid.h"

#include <algorithm>
#include <vector>

#include "base/trim.h"
#include "scaffold/words.h"

namespace kt::scaffold {
namespace {

constexpr std::size_t kTextMax = std::size_t{4} << 20;
constexpr std::size_t kOutputMax = std::size_t{16} << 20;
constexpr std::size_t kDepthMax = 16;

bool is_name(std::string_view text) {
  return !text.empty() && text.find_first_not_of(
                              "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                              "0123456789-_") == std::string_view::npos;
}

/// One `if` that is open.
struct Branch {
  bool outer = true;   ///< what is around it is written
  bool taken = false;  ///< one of its arms was
  bool now = false;    ///< this one is
  bool last = false;   ///< `else` was met
};

class Renderer {
 public:
  Renderer(std::string_view text, const std::string& file, const Values& values)
      : text_(text), file_(file), values_(values) {}

  Result<std::string> run() {
    if (text_.size() > kTextMax)
      return error("the file is longer than 4 MiB");
    while (at_ < text_.size()) {
      TRY(step());
      if (out_.size() > kOutputMax)
        return error("the result is longer than 16 MiB");
    }
    if (!branches_.empty())
      return error("an {% if %} has no {% endif %}");
    return std::move(out_);
  }

 private:
  bool writing() const { return branches_.empty() || branches_.back().now; }

  tl::unexpected<Error> error(const std::string& what) const {
    const auto line =
        1 + std::count(text_.begin(),
                       text_.begin() + static_cast<std::ptrdiff_t>(std::min(at_, text_.size())),
                       '\n');
    return fail(ErrorCode::Invalid, file_ + ":" + std::to_string(line) + ": " + what);
  }

  /// Plain text up to the next mark, and that mark.
  Result<Unit> step() {
    const std::size_t mark = next_mark();
    std::string_view plain = text_.substr(at_, mark == std::string_view::npos ? mark : mark - at_);
    if (eat_space_) {
      plain.remove_prefix(std::min(plain.find_first_not_of(kBlanks), plain.size()));
      eat_space_ = false;
    }
    if (mark == std::string_view::npos) {
      put(plain);
      at_ = text_.size();
      return Unit{};
    }
    at_ = mark;
    const bool is_tag = text_[mark + 1] == '%';
    const auto end = text_.find(is_tag ? "%}" : "}}", mark + 2);
    if (end == std::string_view::npos)
      return error(is_tag ? "\"{%\" without \"%}\"" : "\"{{\" without \"}}\"");
    std::string_view inner = text_.substr(mark + 2, end - mark - 2);
    if (inner.starts_with('-')) {
      inner.remove_prefix(1);
      plain = plain.substr(0, plain.find_last_not_of(kBlanks) + 1);
    }
    const bool eats = inner.ends_with('-');
    if (eats)
      inner.remove_suffix(1);
    put(plain);
    TRY(is_tag ? tag(trimmed(inner)) : output(trimmed(inner)));
    eat_space_ = eats;
    at_ = end + 2;
    return Unit{};
  }

  /// Where the next "{{" or "{%" is: one look at each character, however many marks there are.
  std::size_t next_mark() const {
    std::size_t brace = text_.find('{', at_);
    while (brace != std::string_view::npos &&
           (brace + 1 == text_.size() || (text_[brace + 1] != '{' && text_[brace + 1] != '%')))
      brace = text_.find('{', brace + 1);
    return brace;
  }

  void put(std::string_view text) {
    if (writing())
      out_ += text;
  }

  Result<Unit> output(std::string_view expression) {
    TRY(const std::string value, evaluate(expression));
    put(value);
    return Unit{};
  }

  Result<std::string> evaluate(std::string_view expression) const {
    auto bar = expression.find('|');
    const std::string name(trimmed(expression.substr(0, bar)));
    TRY(std::string value, value_of(name));
    while (bar != std::string_view::npos) {
      expression.remove_prefix(bar + 1);
      bar = expression.find('|');
      TRY(value, filtered(value, trimmed(expression.substr(0, bar))));
    }
    return value;
  }

  Result<std::string> value_of(const std::string& name) const {
    const auto found = values_.find(name);
    if (!is_name(name))
      return error("\"" + name.substr(0, 80) + "\" is not the name of a parameter");
    if (found == values_.end())
      return error("no parameter is called \"" + name.substr(0, 80) + "\"");
    return found->second;
  }

  Result<std::string> filtered(const std::string& value, std::string_view filter) const {
    if (filter == "kebab_case")
      return kebab_case(value);
    if (filter == "snake_case")
      return snake_case(value);
    if (filter == "pascal_case")
      return pascal_case(value);
    return error("unknown filter \"" + std::string(filter.substr(0, 80)) +
                 "\": there are kebab_case, snake_case and pascal_case");
  }

  Result<Unit> tag(std::string_view text) {
    const auto space = text.find_first_of(kBlanks);
    const std::string_view word = text.substr(0, space);
    const std::string_view rest =
        space == std::string_view::npos ? std::string_view() : trimmed(text.substr(space));
    if (word == "if")
      return open(rest);
    const bool known = word == "elsif" || word == "else" || word == "endif";
    if (!known)
      return error("unknown tag \"" + std::string(word.substr(0, 80)) +
                   "\": there are if, elsif, else and endif");
    if (branches_.empty())
      return error("{% " + std::string(word) + " %} without {% if %}");
    if (word != "elsif" && !rest.empty())
      return error("nothing stands behind \"" + std::string(word) + "\"");
    if (word == "endif") {
      branches_.pop_back();
      return Unit{};
    }
    return arm(word, rest);
  }

  Result<Unit> open(std::string_view condition) {
    if (branches_.size() == kDepthMax)
      return error("more than 16 {% if %} in each other");
    Branch branch;
    branch.outer = writing();
    TRY(const bool holds, test(condition));
    branch.now = branch.outer && holds;
    branch.taken = holds;
    branches_.push_back(branch);
    return Unit{};
  }

  Result<Unit> arm(std::string_view word, std::string_view condition) {
    Branch& branch = branches_.back();
    if (branch.last)
      return error("{% " + std::string(word) + " %} after {% else %}");
    bool holds = true;
    if (word == "elsif") {
      TRY(holds, test(condition));
    } else {
      branch.last = true;
    }
    branch.now = branch.outer && holds && !branch.taken;
    branch.taken = branch.taken || holds;
    return Unit{};
  }

  /// `name == "text"` or `name != "text"`.
  Result<bool> test(std::string_view condition) const {
    const std::size_t sign = std::min(condition.find("=="), condition.find("!="));
    const std::string_view text =
        sign == std::string_view::npos ? std::string_view() : trimmed(condition.substr(sign + 2));
    const bool quoted = text.size() >= 2 && (text.front() == '"' || text.front() == '\'') &&
                        text.back() == text.front() &&
                        text.find(text.front(), 1) == text.size() - 1;
    if (!quoted)
      return error("a condition is name == \"text\" or name != \"text\", not \"" +
                   std::string(condition.substr(0, 80)) + "\"");
    TRY(const std::string value, value_of(std::string(trimmed(condition.substr(0, sign)))));
    const bool equal = value == text.substr(1, text.size() - 2);
    return equal == (condition[sign] == '=');
  }

  std::string_view text_;
  const std::string& file_;
  const Values& values_;
  std::size_t at_ = 0;
  bool eat_space_ = false;
  std::vector<Branch> branches_;
  std::string out_;
};

}  // namespace

Result<std::string> render(std::string_view text, const std::string& file, const Values& values) {
  return Renderer(text, file, values).run();
}

}  // namespace kt::scaffold
