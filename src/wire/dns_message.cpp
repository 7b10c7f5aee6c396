// SPDX-License-Identifier: Apache-2.0
//
// DNS messages: a header of 12 bytes, questions, and three lists of records.
//
//   header    id:16 flags:16 questions:16 answers:16 authorities:16 additional:16
//   flags     response:1 opcode:4 authoritative:1 truncated:1 wanted:1 available:1 zero:3 rcode:4
//   question  name type:16 class:16         multicast: the top bit of class asks for an answer by unicast
//   record    name type:16 class:16 ttl:32 length:16 data      multicast: the top bit of class replaces older ones
//   name      {length:8 label}* 0, or 3:2 offset:14 in place of the rest: go on reading there
//
// A pointer may only lead to before the name (or the part of it) that it stands in, so that reading a name ends. Every
// count is checked against the bytes that are there before anything is reserved: a record takes at least 11 bytes.
#include <sedge/wire/dns_message.hpp>

#include <algorithm>
#include <set>

namespace sedge::wire {
namespace {

constexpr std::uint16_t class_internet = 1;
constexpr std::uint16_t class_top_bit = 0x8000;
constexpr std::size_t header_bytes = 12;
constexpr std::size_t label_bytes_max = 63;
constexpr std::size_t name_bytes_max = 255; // on the wire, with lengths and the zero at the end
constexpr std::size_t question_bytes_least = 5;
constexpr std::size_t record_bytes_least = 11;
constexpr int aliases_max = 8; // in a chain; resolvers follow about as many

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

class message_reader {
public:
    explicit message_reader(byte_view bytes) : all_(bytes), in_(bytes) {}
    result<dns_message> read();

private:
    [[nodiscard]] bool counts_fit(std::size_t questions, std::size_t records) const noexcept {
        return questions * question_bytes_least + records * record_bytes_least <= in_.remaining();
    }
    std::string name(reader& from);
    bool question(dns_message& into);
    bool record(std::vector<dns_record>& into);
    void data(dns_record& record, byte_view bytes, std::size_t offset);
    bool records(std::vector<dns_record>& into, std::size_t count);

    byte_view all_;
    reader in_;
};

// `from` must stand in `all_` with equal offsets. Leaves it behind the name.
std::string message_reader::name(reader& from) {
    std::vector<std::string> labels;
    std::size_t bytes = 1;
    std::size_t must_be_below = from.offset();
    reader elsewhere{all_};
    reader* in = &from;
    for (;;) {
        const std::uint8_t length = in->u8();
        if (!in->ok()) break;
        if (length == 0) return dns_text(labels);
        if ((length & 0xc0) == 0xc0) {
            const std::size_t target = (length & 0x3fu) << 8 | in->u8();
            if (!in->ok() || target >= must_be_below) break;
            must_be_below = target;
            elsewhere = reader{all_};
            elsewhere.take(target);
            in = &elsewhere;
            continue;
        }
        bytes += 1 + length;
        if (length > label_bytes_max || bytes > name_bytes_max) break;
        labels.emplace_back(as_text(in->take(length)));
        if (!in->ok()) break;
    }
    from.fail();
    return {};
}

bool message_reader::question(dns_message& into) {
    dns_message::question out;
    out.name = name(in_);
    out.type = in_.u16();
    const std::uint16_t cls = in_.u16();
    out.unicast_answer = (cls & class_top_bit) != 0;
    if (in_.ok()) into.questions.push_back(std::move(out));
    return in_.ok();
}

void message_reader::data(dns_record& record, byte_view bytes, std::size_t offset) {
    reader in{all_.first(offset + bytes.size())}; // names may point back into the message
    in.take(offset);
    switch (record.type) {
    case dns_type::a: {
        record.address = ip_address::v4(in.u32());
        break;
    }
    case dns_type::aaaa: {
        std::array<std::uint8_t, 16> raw{};
        const auto taken = in.take(raw.size());
        std::copy(taken.begin(), taken.end(), raw.begin());
        record.address = ip_address::v6(raw);
        break;
    }
    case dns_type::srv:
        record.priority = in.u16();
        record.weight = in.u16();
        record.port = in.u16();
        record.target = name(in);
        break;
    case dns_type::cname:
    case dns_type::ptr: record.target = name(in); break;
    case dns_type::txt:
        while (in.ok() && in.remaining() > 0) {
            const std::size_t length = in.u8();
            auto text = in.take(length);
            if (!text.empty()) record.texts.emplace_back(as_text(text));
        }
        break;
    }
    if (!in.at_end()) in_.fail();
}

bool is_read(std::uint16_t type) {
    switch (static_cast<dns_type>(type)) {
    case dns_type::a:
    case dns_type::aaaa:
    case dns_type::srv:
    case dns_type::cname:
    case dns_type::ptr:
    case dns_type::txt: return true;
    }
    return false;
}

bool message_reader::record(std::vector<dns_record>& into) {
    dns_record out;
    out.name = name(in_);
    const std::uint16_t type = in_.u16();
    const std::uint16_t cls = in_.u16();
    const std::uint32_t ttl = in_.u32();
    const std::size_t length = in_.u16();
    const std::size_t offset = in_.offset();
    const byte_view bytes = in_.take(length);
    if (!in_.ok()) return false;
    if (!is_read(type) || (cls & ~class_top_bit) != class_internet) return true;
    out.type = static_cast<dns_type>(type);
    out.replaces = (cls & class_top_bit) != 0;
    out.ttl = seconds{(ttl & 0x80000000u) != 0 ? 0 : ttl}; // RFC 2181 section 8
    data(out, bytes, offset);
    if (in_.ok()) into.push_back(std::move(out));
    return in_.ok();
}

bool message_reader::records(std::vector<dns_record>& into, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i)
        if (!record(into)) return false;
    return true;
}

result<dns_message> message_reader::read() {
    const auto bad = [this](const char* what) {
        return error{sedge::errc::malformed,
                     "DNS message: " + std::string{what} + " at byte " + std::to_string(in_.offset())};
    };
    if (all_.size() > limits::dns_message_bytes_max)
        return error{sedge::errc::limit_exceeded, "DNS message: longer than dns_message_bytes_max"};
    dns_message out;
    out.id = in_.u16();
    const std::uint16_t flags = in_.u16();
    const std::size_t questions = in_.u16();
    const std::size_t answers = in_.u16();
    const std::size_t authorities = in_.u16();
    const std::size_t additional = in_.u16();
    if (!in_.ok()) return bad("header");
    out.is_response = (flags & 0x8000) != 0;
    out.opcode = static_cast<std::uint8_t>(flags >> 11 & 15);
    out.is_authoritative = (flags & 0x0400) != 0;
    out.is_truncated = (flags & 0x0200) != 0;
    out.rcode = static_cast<std::uint8_t>(flags & 15);
    if (!counts_fit(questions, answers + authorities + additional)) return bad("more records announced than fit");
    for (std::size_t i = 0; i < questions; ++i)
        if (!question(out)) return bad("question");
    if (!records(out.answers, answers) || !records(out.authorities, authorities) ||
        !records(out.additional, additional))
        return bad("record");
    return out;
}

void write_name(writer& to, std::string_view name) {
    for (const auto& label : dns_labels(name)) to.u8(static_cast<std::uint8_t>(label.size())).text(label);
    to.u8(0);
}

void write_data(writer& to, const dns_record& record) {
    switch (record.type) {
    case dns_type::a: to.u32(record.address.v4_host_order()); break;
    case dns_type::aaaa: to.bytes(record.address.bytes()); break;
    case dns_type::srv:
        to.u16(record.priority).u16(record.weight).u16(record.port);
        write_name(to, record.target);
        break;
    case dns_type::cname:
    case dns_type::ptr: write_name(to, record.target); break;
    case dns_type::txt:
        for (const auto& text : record.texts) to.u8(static_cast<std::uint8_t>(text.size())).text(text);
        if (record.texts.empty()) to.u8(0); // RFC 6763 section 6.1: never empty
        break;
    }
}

void write_records(writer& to, const std::vector<dns_record>& records) {
    for (const auto& record : records) {
        write_name(to, record.name);
        to.u16(static_cast<std::uint16_t>(record.type));
        to.u16(static_cast<std::uint16_t>(class_internet | (record.replaces ? class_top_bit : 0)));
        to.u32(static_cast<std::uint32_t>(record.ttl.count()));
        byte_buffer data;
        writer inner{data};
        write_data(inner, record);
        to.u16(static_cast<std::uint16_t>(data.size())).bytes(data);
    }
}

struct name_less {
    bool operator()(std::string_view a, std::string_view b) const {
        return std::ranges::lexicographical_compare(a, b, {}, lower, lower);
    }
};

} // namespace

std::string_view to_string(dns_type type) noexcept {
    switch (type) {
    case dns_type::a: return "A";
    case dns_type::cname: return "CNAME";
    case dns_type::ptr: return "PTR";
    case dns_type::txt: return "TXT";
    case dns_type::aaaa: return "AAAA";
    case dns_type::srv: return "SRV";
    }
    return "";
}

std::vector<std::string> dns_labels(std::string_view name) {
    if (name.ends_with('.') && !name.ends_with("\\.")) name.remove_suffix(1);
    std::vector<std::string> labels{""};
    std::size_t bytes = 3; // on the wire up to and with this character: one length in front, the zero at the end
    for (std::size_t i = 0; i < name.size(); ++i, ++bytes) {
        char c = name[i];
        if (c == '.') {
            if (labels.back().empty()) return {};
            labels.emplace_back();
            continue;
        }
        if (c == '\\') {
            if (++i == name.size()) return {};
            c = name[i];
            if (is_digit(c)) {
                if (i + 2 >= name.size() || !is_digit(name[i + 1]) || !is_digit(name[i + 2])) return {};
                const int code = (c - '0') * 100 + (name[i + 1] - '0') * 10 + (name[i + 2] - '0');
                if (code > 255) return {};
                c = static_cast<char>(code);
                i += 2;
            }
        }
        labels.back() += c;
        if (labels.back().size() > label_bytes_max || bytes > name_bytes_max) return {};
    }
    if (labels.back().empty()) return {};
    return labels;
}

std::string dns_text(const std::vector<std::string>& labels) {
    std::string out;
    for (const auto& label : labels) {
        if (!out.empty()) out += '.';
        for (char c : label) {
            const auto byte = static_cast<unsigned char>(c);
            if (c == '.' || c == '\\') {
                out += '\\';
                out += c;
            } else if (byte > 0x20 && byte < 0x7f) {
                out += c;
            } else {
                out += '\\';
                out += static_cast<char>('0' + byte / 100);
                out += static_cast<char>('0' + byte / 10 % 10);
                out += static_cast<char>('0' + byte % 10);
            }
        }
    }
    return out;
}

bool same_dns_name(std::string_view a, std::string_view b) noexcept {
    return std::ranges::equal(a, b, {}, lower, lower);
}

result<dns_message> decode_dns_message(byte_view bytes) { return message_reader{bytes}.read(); }

byte_buffer encode_dns_message(const dns_message& message) {
    byte_buffer out;
    writer to{out};
    to.u16(message.id);
    to.u16(static_cast<std::uint16_t>((message.is_response ? 0x8000 : 0) | message.opcode << 11 |
                                      (message.is_authoritative ? 0x0400 : 0) | (message.is_truncated ? 0x0200 : 0) |
                                      message.rcode));
    for (auto size :
         {message.questions.size(), message.answers.size(), message.authorities.size(), message.additional.size()})
        to.u16(static_cast<std::uint16_t>(size));
    for (const auto& q : message.questions) {
        write_name(to, q.name);
        to.u16(q.type).u16(static_cast<std::uint16_t>(class_internet | (q.unicast_answer ? class_top_bit : 0)));
    }
    write_records(to, message.answers);
    write_records(to, message.authorities);
    write_records(to, message.additional);
    return out;
}

result<std::vector<dns_record>> dns_answers(byte_view response, dns_type type) {
    auto read = decode_dns_message(response);
    if (!read) return std::move(read).error();
    constexpr int no_error = 0;
    constexpr int no_such_name = 3;
    if (read->rcode == no_such_name) return error{dns_errc::no_such_name};
    if (read->rcode != no_error || !read->is_response || read->questions.size() != 1)
        return error{dns_errc::no_answer, "response code " + std::to_string(read->rcode)};

    std::set<std::string, name_less> names{read->questions.front().name};
    for (int i = 0; i < aliases_max && type != dns_type::cname; ++i) {
        const auto known = names.size();
        for (const auto& r : read->answers)
            if (r.type == dns_type::cname && names.contains(r.name)) names.insert(r.target);
        if (names.size() == known) break;
    }
    std::erase_if(read->answers, [&](const auto& r) { return r.type != type || !names.contains(r.name); });
    return std::move(read->answers);
}

} // namespace sedge::wire
