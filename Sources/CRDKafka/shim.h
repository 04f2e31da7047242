#ifndef STANDING_CRDKAFKA_SHIM_H
#define STANDING_CRDKAFKA_SHIM_H

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

// Swift cannot call librdkafka's variadic producev(), and its array form takes tagged unions. This copies key and
// value, and takes its own copy of `headers` (may be NULL). Returns RD_KAFKA_RESP_ERR__QUEUE_FULL when there is no room.
static inline rd_kafka_resp_err_t standing_produce(rd_kafka_t *rk, rd_kafka_topic_t *rkt, int32_t partition,
                                                   const void *key, size_t key_size, const void *value,
                                                   size_t value_size, const rd_kafka_headers_t *headers,
                                                   void *opaque) {
    if (!headers) {
        int failed = rd_kafka_produce(rkt, partition, RD_KAFKA_MSG_F_COPY, (void *)value, value_size, key, key_size,
                                      opaque);
        return failed ? rd_kafka_last_error() : RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    rd_kafka_headers_t *own = rd_kafka_headers_copy(headers);
    rd_kafka_vu_t arguments[7];
    arguments[0].vtype = RD_KAFKA_VTYPE_RKT;
    arguments[0].u.rkt = rkt;
    arguments[1].vtype = RD_KAFKA_VTYPE_PARTITION;
    arguments[1].u.i32 = partition;
    arguments[2].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
    arguments[2].u.i = RD_KAFKA_MSG_F_COPY;
    arguments[3].vtype = RD_KAFKA_VTYPE_KEY;
    arguments[3].u.mem.ptr = (void *)key;
    arguments[3].u.mem.size = key_size;
    arguments[4].vtype = RD_KAFKA_VTYPE_VALUE;
    arguments[4].u.mem.ptr = (void *)value;
    arguments[4].u.mem.size = value_size;
    arguments[5].vtype = RD_KAFKA_VTYPE_HEADERS;
    arguments[5].u.headers = own;
    arguments[6].vtype = RD_KAFKA_VTYPE_OPAQUE;
    arguments[6].u.ptr = opaque;
    rd_kafka_error_t *error = rd_kafka_produceva(rk, arguments, 7);
    if (!error) return RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    rd_kafka_error_destroy(error);
    rd_kafka_headers_destroy(own);  // ownership moves only when the message is taken
    return code;
}

// Swift cannot call librdkafka's variadic form. The next request of this kind to this broker of a mock cluster, after those
// that were pushed before, fails with `error`.
static inline rd_kafka_resp_err_t standing_mock_fail_broker(rd_kafka_mock_cluster_t *cluster, int32_t broker,
                                                            int16_t api_key, rd_kafka_resp_err_t error) {
    return rd_kafka_mock_broker_push_request_error_rtts(cluster, broker, api_key, 1, error, 0);
}

#endif
