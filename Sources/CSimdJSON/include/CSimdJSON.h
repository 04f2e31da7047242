#ifndef STANDING_CSIMDJSON_H
#define STANDING_CSIMDJSON_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Bytes inside the decoder or inside the caller's payload copy; valid until the decoder's next call. NULL: absent.
typedef struct {
    const char *bytes;
    size_t length;
} standing_text;

// The attributes of a CloudEvent that Standing reads.
typedef enum {
    STANDING_ATTRIBUTE_NONE = 0,
    STANDING_ATTRIBUTE_SPECVERSION,
    STANDING_ATTRIBUTE_ID,
    STANDING_ATTRIBUTE_SOURCE,
    STANDING_ATTRIBUTE_TYPE,
    STANDING_ATTRIBUTE_SUBJECT,
    STANDING_ATTRIBUTE_TIME,
    STANDING_ATTRIBUTE_DATA,
    STANDING_ATTRIBUTE_DATACONTENTTYPE,
    STANDING_ATTRIBUTE_DATA_BASE64,
    STANDING_ATTRIBUTE_COUNT
} standing_attribute;

typedef enum {
    STANDING_JSON_OK = 0,
    STANDING_JSON_MALFORMED,       // not JSON
    STANDING_JSON_INVALID_UTF8,
    STANDING_JSON_NOT_AN_OBJECT,   // the document, or `data`, is JSON of another type
    STANDING_JSON_NOT_A_STRING,    // an attribute that must be a string is JSON of another type
    STANDING_JSON_DUPLICATE_KEY,
    STANDING_JSON_TOO_DEEP,
    STANDING_JSON_NUMBER_OUT_OF_RANGE,
    STANDING_JSON_OUT_OF_MEMORY,
} standing_json_status;

typedef struct {
    standing_text attributes[STANDING_ATTRIBUTE_COUNT];  // `data` is the object's JSON text, as it was written
    standing_attribute at;                               // where the status arose
} standing_event;

typedef struct standing_decoder standing_decoder;

standing_decoder *standing_decoder_new(void);
void standing_decoder_free(standing_decoder *decoder);

// Reads a CloudEvent in JSON format. The whole document is checked: syntax, UTF-8, numbers, nesting (at most 64
// levels), and that no object has the same key twice.
standing_json_status standing_decode_event(standing_decoder *decoder, const void *json, size_t length,
                                           standing_event *event);

// Checks a JSON object in the same way; on success `text` is it without surrounding white space.
standing_json_status standing_check_object(standing_decoder *decoder, const void *json, size_t length,
                                           standing_text *text);

int standing_valid_utf8(const void *bytes, size_t length);

// The string member `name` of a JSON object; false where it is missing or no string.
int standing_string_member(standing_decoder *decoder, const void *json, size_t length, const char *name,
                           size_t name_length, standing_text *value);

// The integer member `name` of a JSON object; false where it is missing or no 64-bit integer.
int standing_integer_member(standing_decoder *decoder, const void *json, size_t length, const char *name,
                            size_t name_length, int64_t *value);

// The first character of the member `name` of a JSON object, which tells its type: '"' of a string, '{' of an object; 0
// where it is missing.
int standing_member_head(standing_decoder *decoder, const void *json, size_t length, const char *name,
                         size_t name_length);

#ifdef __cplusplus
}
#endif
#endif
