#include "CSimdJSON.h"

#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <vector>

using namespace simdjson;

namespace {

constexpr int maximum_depth = 64;
constexpr size_t small_object = 16;

standing_json_status status_of(error_code error) {
    switch (error) {
        case SUCCESS: return STANDING_JSON_OK;
        case UTF8_ERROR: return STANDING_JSON_INVALID_UTF8;
        case MEMALLOC: return STANDING_JSON_OUT_OF_MEMORY;
        case DEPTH_ERROR: return STANDING_JSON_TOO_DEEP;
        default: return STANDING_JSON_MALFORMED;
    }
}

standing_text text_of(std::string_view view) { return {view.data(), view.size()}; }

// An integer that needs no parsing to be known as good: few digits, no leading zero.
bool is_plain_integer(std::string_view token) {
    size_t digits = token.size();
    if (digits == 0 || digits > 15) return false;
    for (char c : token)
        if (c < '0' || c > '9') return false;
    return digits == 1 || token[0] != '0';
}

// Whether a token, with the white space after it, is a number of JSON's grammar.
bool is_number(std::string_view token) {
    size_t at = 0;
    auto skip = [&](char a, char b) {
        bool found = at < token.size() && (token[at] == a || token[at] == b);
        if (found) at++;
        return found;
    };
    auto digits = [&] {
        size_t start = at;
        while (at < token.size() && token[at] >= '0' && token[at] <= '9') at++;
        return at > start;
    };
    skip('-', '-');
    if (!skip('0', '0') && !digits()) return false;
    if (skip('.', '.') && !digits()) return false;
    if (skip('e', 'E')) {
        skip('+', '-');
        if (!digits()) return false;
    }
    return token.find_first_not_of(" \t\r\n", at) == std::string_view::npos;
}

standing_attribute attribute_of(std::string_view key) {
    switch (key.size()) {
        case 2: return key == "id" ? STANDING_ATTRIBUTE_ID : STANDING_ATTRIBUTE_NONE;
        case 4:
            if (key == "type") return STANDING_ATTRIBUTE_TYPE;
            if (key == "time") return STANDING_ATTRIBUTE_TIME;
            return key == "data" ? STANDING_ATTRIBUTE_DATA : STANDING_ATTRIBUTE_NONE;
        case 6: return key == "source" ? STANDING_ATTRIBUTE_SOURCE : STANDING_ATTRIBUTE_NONE;
        case 7: return key == "subject" ? STANDING_ATTRIBUTE_SUBJECT : STANDING_ATTRIBUTE_NONE;
        case 11:
            if (key == "specversion") return STANDING_ATTRIBUTE_SPECVERSION;
            return key == "data_base64" ? STANDING_ATTRIBUTE_DATA_BASE64 : STANDING_ATTRIBUTE_NONE;
        case 15: return key == "datacontenttype" ? STANDING_ATTRIBUTE_DATACONTENTTYPE : STANDING_ATTRIBUTE_NONE;
        default: return STANDING_ATTRIBUTE_NONE;
    }
}

// Nothing but white space is left.
bool at_end(ondemand::document &document) {
    const char *rest;
    return document.current_location().get(rest) == OUT_OF_BOUNDS;
}

}  // namespace

struct standing_decoder {
    ondemand::parser parser;
    std::unique_ptr<char[]> buffer;
    size_t capacity = 0;
    // Without a backslash in the document every string is its own value, where it stands: simdjson has checked quotes,
    // control characters and UTF-8 before the walk begins.
    bool has_escapes = false;
    std::vector<std::string_view> keys;  // of the objects that are open, outermost first

    // simdjson reads past the end, so the document is copied to where that is allowed.
    error_code open(const void *json, size_t length, ondemand::document &document) {
        keys.clear();
        if (capacity < length + SIMDJSON_PADDING) {
            size_t grown = std::max<size_t>(4096, (length + SIMDJSON_PADDING) * 2);
            buffer.reset(new (std::nothrow) char[grown]);
            capacity = buffer ? grown : 0;
            if (!buffer) return MEMALLOC;
            if (auto error = parser.allocate(grown)) return error;
        }
        std::memcpy(buffer.get(), json, length);
        std::memset(buffer.get() + length, ' ', SIMDJSON_PADDING);
        has_escapes = std::memchr(json, '\\', length) != nullptr;
        return parser.iterate(buffer.get(), length, capacity).get(document);
    }

    error_code key_of(ondemand::field &field, std::string_view &key) {
        if (has_escapes) return field.unescaped_key().get(key);
        const char *start = field.key().raw();
        const char *end = start;
        while (*end != '"') end++;
        key = std::string_view(start, size_t(end - start));
        return SUCCESS;
    }

    error_code string_of(ondemand::value &value, std::string_view token, std::string_view &text) {
        if (has_escapes) return value.get_string().get(text);
        ondemand::raw_json_string raw;  // takes the string, so that what follows is not mistaken for its value
        if (auto error = value.get_raw_json_string().get(raw)) return error;
        size_t end = token.rfind('"');
        if (end == 0 || end == std::string_view::npos) return STRING_ERROR;
        text = token.substr(1, end - 1);
        return SUCCESS;
    }

    // Whether the keys from `first` on are all different; forgets them.
    bool close_object(size_t first) {
        size_t count = keys.size() - first;
        bool unique = true;
        if (count <= small_object) {
            for (size_t i = first; i < keys.size() && unique; i++)
                for (size_t j = i + 1; j < keys.size(); j++)
                    if (keys[i] == keys[j]) {
                        unique = false;
                        break;
                    }
        } else {
            std::sort(keys.begin() + first, keys.end());
            unique = std::adjacent_find(keys.begin() + first, keys.end()) == keys.end();
        }
        keys.resize(first);
        return unique;
    }

    // The member `name` of an object, however its key is written; false if there is none.
    bool find(ondemand::object &object, std::string_view name, ondemand::value &value) {
        for (auto item : object) {
            ondemand::field field;
            if (std::move(item).get(field)) return false;
            std::string_view key;
            if (key_of(field, key)) return false;
            if (key != name) continue;
            value = field.value();
            return true;
        }
        return false;
    }

    standing_json_status check_object(ondemand::object object, int depth) {
        size_t first = keys.size();
        for (auto item : object) {
            ondemand::field field;
            if (auto error = std::move(item).get(field)) return status_of(error);
            std::string_view key;
            if (auto error = key_of(field, key)) return status_of(error);
            keys.push_back(key);
            if (auto status = check(field.value(), depth)) return status;
        }
        return close_object(first) ? STANDING_JSON_OK : STANDING_JSON_DUPLICATE_KEY;
    }

    // Walks a value to its end. `depth` counts the containers around it.
    standing_json_status check(ondemand::value value, int depth) {
        std::string_view token = value.raw_json_token();
        switch (token.empty() ? 0 : token[0]) {
            case '{': {
                if (depth >= maximum_depth) return STANDING_JSON_TOO_DEEP;
                ondemand::object object;
                if (auto error = value.get_object().get(object)) return status_of(error);
                return check_object(object, depth + 1);
            }
            case '[': {
                if (depth >= maximum_depth) return STANDING_JSON_TOO_DEEP;
                ondemand::array array;
                if (auto error = value.get_array().get(array)) return status_of(error);
                for (auto item : array) {
                    ondemand::value element;
                    if (auto error = std::move(item).get(element)) return status_of(error);
                    if (auto status = check(element, depth + 1)) return status;
                }
                return STANDING_JSON_OK;
            }
            case '"': {
                std::string_view text;
                return status_of(string_of(value, token, text));
            }
            case 't': case 'f': {
                bool flag;
                return status_of(value.get_bool().get(flag));
            }
            case 'n': {
                bool null;
                auto error = value.is_null().get(null);
                return error || null ? status_of(error) : STANDING_JSON_MALFORMED;
            }
            default: {
                if (is_plain_integer(token)) return STANDING_JSON_OK;
                double number;
                auto error = value.get_double().get(number);
                if (!error) return STANDING_JSON_OK;
                // Refused though it is well-formed: it is infinite.
                return error == NUMBER_ERROR && is_number(token) ? STANDING_JSON_NUMBER_OUT_OF_RANGE : status_of(error);
            }
        }
    }

    standing_json_status event(ondemand::document &document, standing_event *event) {
        ondemand::object object;
        if (auto error = document.get_object().get(object))
            return error == INCORRECT_TYPE ? STANDING_JSON_NOT_AN_OBJECT : status_of(error);
        size_t first = keys.size();
        unsigned seen = 0;
        for (auto item : object) {
            ondemand::field field;
            if (auto error = std::move(item).get(field)) return status_of(error);
            std::string_view key;
            if (auto error = key_of(field, key)) return status_of(error);
            ondemand::value value = field.value();
            standing_attribute attribute = attribute_of(key);
            event->at = attribute;
            if (attribute == STANDING_ATTRIBUTE_NONE) {
                keys.push_back(key);
                if (auto status = check(value, 1)) return status;
                continue;
            }
            if (seen & (1u << attribute)) return STANDING_JSON_DUPLICATE_KEY;
            seen |= 1u << attribute;
            std::string_view token = value.raw_json_token();
            char head = token.empty() ? 0 : token[0];
            if (attribute == STANDING_ATTRIBUTE_DATA) {
                if (auto status = check(value, 1)) return status;
                if (head != '{') return STANDING_JSON_NOT_AN_OBJECT;
                const char *next;
                if (auto error = document.current_location().get(next)) return status_of(error);
                while (next > token.data() && next[-1] != '}') next--;
                event->attributes[attribute] = {token.data(), size_t(next - token.data())};
            } else if (head == '"') {
                std::string_view text;
                if (auto error = string_of(value, token, text)) return status_of(error);
                event->attributes[attribute] = text_of(text);
            } else {
                // A null attribute is an absent one (CloudEvents JSON format, 2.2).
                if (auto status = check(value, 1)) return status;
                if (head != 'n') return STANDING_JSON_NOT_A_STRING;
            }
        }
        event->at = STANDING_ATTRIBUTE_NONE;
        if (!at_end(document)) return STANDING_JSON_MALFORMED;
        return close_object(first) ? STANDING_JSON_OK : STANDING_JSON_DUPLICATE_KEY;
    }
};

extern "C" {

standing_decoder *standing_decoder_new(void) { return new (std::nothrow) standing_decoder; }

void standing_decoder_free(standing_decoder *decoder) { delete decoder; }

standing_json_status standing_decode_event(standing_decoder *decoder, const void *json, size_t length,
                                           standing_event *event) {
    std::memset(event, 0, sizeof *event);
    ondemand::document document;
    if (auto error = decoder->open(json, length, document)) return status_of(error);
    return decoder->event(document, event);
}

standing_json_status standing_check_object(standing_decoder *decoder, const void *json, size_t length,
                                           standing_text *text) {
    ondemand::document document;
    if (auto error = decoder->open(json, length, document)) return status_of(error);
    std::string_view token;
    if (auto error = document.raw_json_token().get(token)) return status_of(error);
    ondemand::object object;
    if (auto error = document.get_object().get(object))
        return error == INCORRECT_TYPE ? STANDING_JSON_NOT_AN_OBJECT : status_of(error);
    if (auto status = decoder->check_object(object, 1)) return status;
    if (!at_end(document)) return STANDING_JSON_MALFORMED;
    const char *end = decoder->buffer.get() + length;
    while (end > token.data() && end[-1] != '}') end--;
    *text = {token.data(), size_t(end - token.data())};
    return STANDING_JSON_OK;
}

int standing_valid_utf8(const void *bytes, size_t length) {
    return validate_utf8(static_cast<const char *>(bytes), length);
}

int standing_string_member(standing_decoder *decoder, const void *json, size_t length, const char *name,
                           size_t name_length, standing_text *value) {
    ondemand::document document;
    ondemand::object object;
    ondemand::value member;
    std::string_view text;
    if (decoder->open(json, length, document) || document.get_object().get(object)) return 0;
    if (!decoder->find(object, std::string_view(name, name_length), member)) return 0;
    if (member.get_string().get(text)) return 0;
    *value = text_of(text);
    return 1;
}

int standing_integer_member(standing_decoder *decoder, const void *json, size_t length, const char *name,
                            size_t name_length, int64_t *value) {
    ondemand::document document;
    ondemand::object object;
    ondemand::value member;
    if (decoder->open(json, length, document) || document.get_object().get(object)) return 0;
    if (!decoder->find(object, std::string_view(name, name_length), member)) return 0;
    return !member.get_int64().get(*value);
}

int standing_member_head(standing_decoder *decoder, const void *json, size_t length, const char *name,
                         size_t name_length) {
    ondemand::document document;
    ondemand::object object;
    ondemand::value member;
    if (decoder->open(json, length, document) || document.get_object().get(object)) return 0;
    if (!decoder->find(object, std::string_view(name, name_length), member)) return 0;
    std::string_view token = member.raw_json_token();
    return token.empty() ? 0 : static_cast<unsigned char>(token[0]);
}

}  // extern "C"
