#include "local/sequence.h"

namespace kt::local {
namespace {

__extension__ using Wide = unsigned __int128;

// 185 bits, highest first: 2 | created 36 | shard's low 4 | index 64 | zero 8 | arrival 36 |
// shard 32 | version 4.
constexpr std::uint64_t kVersion = 2;
constexpr std::uint64_t kMask36 = (std::uint64_t{1} << 36) - 1;
constexpr std::uint64_t kTen14 = 100'000'000'000'000ULL;

struct Limbs {
  std::uint64_t high = 0, middle = 0, low = 0;
};

Limbs pack(const SequenceParts& p) {
  Limbs n;
  const std::uint64_t arrival = p.arrival_seconds & kMask36;
  n.low = kVersion | (std::uint64_t{p.shard} << 4) | (arrival << 36);
  n.middle = (arrival >> 28) | (p.index << 16);
  n.high = (p.index >> 48) | ((std::uint64_t{p.shard} & 0xf) << 16) |
           ((p.created_seconds & kMask36) << 20) | (std::uint64_t{2} << 56);
  return n;
}

std::uint64_t divide(Limbs& n, std::uint64_t by) {
  std::uint64_t rest = 0;
  for (std::uint64_t* limb : {&n.high, &n.middle, &n.low}) {
    const Wide value = (Wide{rest} << 64) | *limb;
    *limb = static_cast<std::uint64_t>(value / by);
    rest = static_cast<std::uint64_t>(value % by);
  }
  return rest;
}

}  // namespace

void write_sequence(const SequenceParts& parts, char* out) {
  Limbs n = pack(parts);
  for (std::size_t group = 4; group-- > 0;) {
    std::uint64_t digits = divide(n, kTen14);
    for (std::size_t i = 14; i-- > 0;) {
      out[group * 14 + i] = static_cast<char>('0' + digits % 10);
      digits /= 10;
    }
  }
}

std::string format_sequence(const SequenceParts& parts) {
  std::string text(kSequenceDigits, '0');
  write_sequence(parts, text.data());
  return text;
}

std::optional<SequenceParts> parse_sequence(std::string_view text) {
  if (text.size() != kSequenceDigits)
    return std::nullopt;
  Limbs n;
  for (const char c : text) {
    if (c < '0' || c > '9')
      return std::nullopt;
    std::uint64_t carry = static_cast<std::uint64_t>(c - '0');
    for (std::uint64_t* limb : {&n.low, &n.middle, &n.high}) {
      const Wide value = Wide{*limb} * 10 + carry;
      *limb = static_cast<std::uint64_t>(value);
      carry = static_cast<std::uint64_t>(value >> 64);
    }
  }
  SequenceParts p;
  p.shard = static_cast<std::uint32_t>(n.low >> 4);
  p.arrival_seconds = (n.low >> 36) | ((n.middle & 0xff) << 28);
  p.index = (n.middle >> 16) | (n.high << 48);
  p.created_seconds = (n.high >> 20) & kMask36;
  const Limbs again = pack(p);
  if (again.high != n.high || again.middle != n.middle || again.low != n.low)
    return std::nullopt;
  return p;
}

}  // namespace kt::local
