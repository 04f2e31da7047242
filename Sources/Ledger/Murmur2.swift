/// Kafka's default partitioner: `murmur2` of the key as in the Java client
/// (org.apache.kafka.common.utils.Utils.murmur2, DefaultPartitioner).
///
/// It is here and not from a library, because it decides for ever which ledger partition a subject is in. This
/// room needs it without a Kafka client.
public enum Murmur2 {
    /// 32 bits. The partition is the hash without its sign bit, modulo the number of partitions.
    public static func hash(_ key: UnsafeRawBufferPointer) -> UInt32 {
        let m: UInt32 = 0x5bd1_e995
        var h: UInt32 = 0x9747_b28c ^ UInt32(truncatingIfNeeded: key.count)
        var index = 0
        while index &+ 4 <= key.count {
            var k = key.loadUnaligned(fromByteOffset: index, as: UInt32.self).littleEndian
            k = k &* m
            k ^= k >> 24
            k = k &* m
            h = h &* m
            h ^= k
            index &+= 4
        }
        let rest = key.count &- index
        if rest >= 3 { h ^= UInt32(key[index &+ 2]) &<< 16 }
        if rest >= 2 { h ^= UInt32(key[index &+ 1]) &<< 8 }
        if rest >= 1 {
            h ^= UInt32(key[index])
            h = h &* m
        }
        h ^= h >> 13
        h = h &* m
        return h ^ (h >> 15)
    }

    /// The partition of a key among `count`.
    @inlinable public static func partition(of key: UnsafeRawBufferPointer, count: Int) -> Int {
        Int(hash(key) & 0x7fff_ffff) % count
    }
}
