extension BuiltInTopics {
    /// The names and texts of the files of the folder `topics/schemas`, in the order of the names. A test ensures
    /// that both are equal.
    public static let schemas: [(name: String, text: String)] = [
        (
            "audit.json",
            #"""
            {
              "$schema": "https://json-schema.org/draft/2020-12/schema",
              "title": "A record of the audit",
              "description": "What somebody did or saw. The record's key is its writer. `previous` is the SHA-256 of the value before it of the same writer, `seen` that of the value at the offset `after`.",
              "type": "object",
              "required": ["time", "writer", "number", "member", "actor", "action", "outcome", "previous", "after", "seen"],
              "properties": {
                "time": {
                  "type": "string",
                  "format": "date-time",
                  "description": "When the member wrote it, in UTC."
                },
                "writer": {
                  "type": "string",
                  "minLength": 1,
                  "description": "A session of a member: its name and a number, new at each start."
                },
                "number": {"type": "integer", "minimum": 1, "description": "Counts the writer's records."},
                "member": {"type": "string"},
                "actor": {"type": "string", "description": "Who did it."},
                "action": {"type": "string", "description": "What was done, such as readFile or decideAppeal."},
                "subject": {"type": "string", "description": "Whom it was about."},
                "purpose": {"type": "string", "description": "Why, in the actor's words."},
                "outcome": {"type": "string", "description": "`allowed`, `denied`, or what came of an act."},
                "details": {
                  "type": "array",
                  "items": {
                    "type": "object",
                    "required": ["name", "value"],
                    "properties": {"name": {"type": "string"}, "value": {"type": "string"}},
                    "additionalProperties": false
                  }
                },
                "previous": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
                "after": {"type": "integer", "minimum": -1, "description": "-1: the writer knew of no record."},
                "seen": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
                "key": {
                  "type": "string",
                  "pattern": "^[0-9a-f]{16}$",
                  "description": "The first 16 digits of the SHA-256 of the public key that signed the record. Without it the record is not signed."
                },
                "signature": {
                  "type": "string",
                  "pattern": "^[0-9a-f]{128}$",
                  "description": "Ed25519 of the line `standing audit record 1`, a line with the topic's name, a line with the cluster's id, and the value without this member, which is the last one."
                }
              },
              "additionalProperties": false
            }

            """#
        ),
        (
            "checkpoint.json",
            #"""
            {
              "$schema": "https://json-schema.org/draft/2020-12/schema",
              "title": "A checkpoint",
              "description": "What a member says of a ledger partition, or of the audit, signed with Ed25519.",
              "oneOf": [
                {
                  "title": "A checkpoint of a ledger partition",
                  "description": "Signed over the lines that Sources/Ledger/Chain/Checkpoint.swift documents. The record's key is the ledger partition's number.",
                  "type": "object",
                  "required": [
                    "partition",
                    "next-offset",
                    "chain-head",
                    "state",
                    "fold-version",
                    "policy",
                    "member",
                    "key",
                    "signature"
                  ],
                  "properties": {
                    "partition": {"type": "integer", "minimum": 0},
                    "next-offset": {
                      "type": "integer",
                      "minimum": 1,
                      "description": "The ledger offset behind the last frame that it speaks of."
                    },
                    "chain-head": {
                      "type": "string",
                      "pattern": "^[0-9a-f]{64}$",
                      "description": "SHA-256 chain over the partition's frames."
                    },
                    "state": {
                      "type": "string",
                      "pattern": "^[0-9a-f]{32}$",
                      "description": "Digest of the folded state."
                    },
                    "fold-version": {"type": "integer", "minimum": 1},
                    "policy": {
                      "type": "string",
                      "pattern": "^[0-9a-f]{64}$",
                      "description": "SHA-256 of the active policy's text."
                    },
                    "member": {"type": "string", "minLength": 1},
                    "key": {
                      "type": "string",
                      "pattern": "^[0-9a-f]{16}$",
                      "description": "The first 16 digits of the public key's SHA-256."
                    },
                    "signature": {"type": "string", "pattern": "^[0-9a-f]{128}$"}
                  },
                  "additionalProperties": false
                },
                {
                  "title": "A head of the audit",
                  "description": "A record of the audit topic that the member knew, signed over the lines that Sources/Ledger/Chain/AuditHead.swift documents. The record has no key.",
                  "type": "object",
                  "required": ["audit", "cluster", "partition", "offset", "hash", "time", "member", "key", "signature"],
                  "properties": {
                    "audit": {"type": "string", "minLength": 1, "description": "The audit topic's name."},
                    "cluster": {"type": "string", "description": "The id of the audit's cluster; empty if it has none."},
                    "partition": {"type": "integer", "minimum": 0},
                    "offset": {"type": "integer", "minimum": 0},
                    "hash": {
                      "type": "string",
                      "pattern": "^[0-9a-f]{64}$",
                      "description": "SHA-256 of the record's value."
                    },
                    "time": {
                      "type": "string",
                      "format": "date-time",
                      "description": "When the member wrote or read the record, in UTC."
                    },
                    "member": {"type": "string", "minLength": 1},
                    "key": {
                      "type": "string",
                      "pattern": "^[0-9a-f]{16}$",
                      "description": "The first 16 digits of the public key's SHA-256."
                    },
                    "signature": {"type": "string", "pattern": "^[0-9a-f]{128}$"}
                  },
                  "additionalProperties": false
                }
              ]
            }

            """#
        ),
        (
            "control.json",
            #"""
            {
              "$schema": "https://json-schema.org/draft/2020-12/schema",
              "title": "A control event",
              "description": "A CloudEvents 1.0 event that says who is scored and how. Honoured from the control topic only.",
              "oneOf": [
                {"$ref": "#/$defs/enrolled"},
                {"$ref": "#/$defs/withdrawn"},
                {"$ref": "#/$defs/voided"},
                {"$ref": "#/$defs/appeal-filed"},
                {"$ref": "#/$defs/appeal-decided"},
                {"$ref": "#/$defs/policy-activated"},
                {"$ref": "#/$defs/source-reset"},
                {"$ref": "#/$defs/source-acknowledged"},
                {"$ref": "#/$defs/source-withdrawn"},
                {"$ref": "#/$defs/source-restored"}
              ],
              "$defs": {
                "envelope": {
                  "description": "What every control event has.",
                  "type": "object",
                  "required": ["specversion", "id", "source", "type", "time"],
                  "properties": {
                    "specversion": {"const": "1.0"},
                    "id": {"$ref": "#/$defs/attribute"},
                    "source": {"$ref": "#/$defs/attribute"},
                    "type": {"$ref": "#/$defs/attribute"},
                    "subject": {"type": "string", "description": "Ignored where the event goes to every ledger partition."},
                    "time": {"$ref": "#/$defs/time"},
                    "data": {"type": "object"},
                    "actor": {"type": "string", "description": "Who did it."},
                    "approvedby": {"type": "string", "description": "Who approved it, where two people are needed."},
                    "reason": {"type": "string", "description": "Why."},
                    "signedby": {"type": "string", "description": "The name of the control key that signed it."},
                    "signature": {
                      "description": "Ed25519, in hexadecimal digits, over these lines, joined with a line feed: `standing control event 1`; signedby; type; source; id; subject, or nothing where the event goes to every ledger partition; time in UTC, RFC 3339 with Z, at most six digits of a second and no zeros at their end; actor, or nothing; approvedby, or nothing; reason, or nothing; the SHA-256 of the bytes of data as they stand in the record, in hexadecimal digits.",
                      "type": "string",
                      "pattern": "^[0-9a-f]{128}$"
                    }
                  }
                },
                "attribute": {
                  "description": "A CloudEvents string without control characters and noncharacters, of at most 1024 bytes in UTF-8.",
                  "type": "string",
                  "minLength": 1,
                  "maxLength": 1024,
                  "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f\\ufdd0-\\ufdef\\ufffe\\uffff\ud83f\udffe\ud83f\udfff\ud87f\udffe\ud87f\udfff\ud8bf\udffe\ud8bf\udfff\ud8ff\udffe\ud8ff\udfff\ud93f\udffe\ud93f\udfff\ud97f\udffe\ud97f\udfff\ud9bf\udffe\ud9bf\udfff\ud9ff\udffe\ud9ff\udfff\uda3f\udffe\uda3f\udfff\uda7f\udffe\uda7f\udfff\udabf\udffe\udabf\udfff\udaff\udffe\udaff\udfff\udb3f\udffe\udb3f\udfff\udb7f\udffe\udb7f\udfff\udbbf\udffe\udbbf\udfff\udbff\udffe\udbff\udfff]+$"
                },
                "time": {
                  "description": "RFC 3339, of at most 64 characters. The day is one that its month has; second 60 is a leap second.",
                  "type": "string",
                  "format": "date-time",
                  "maxLength": 64,
                  "pattern": "^(?!0000)[0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|[12][0-9]))[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\\.[0-9]+)?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
                },
                "text": {"type": "string", "minLength": 1},
                "enrolled": {
                  "description": "From here on the subject is scored. A second one changes only the terms and the attributes.",
                  "$ref": "#/$defs/envelope",
                  "required": ["subject", "data"],
                  "properties": {
                    "type": {"const": "standing.subject.enrolled"},
                    "subject": {"$ref": "#/$defs/attribute"},
                    "data": {
                      "type": "object",
                      "required": ["kind", "terms"],
                      "properties": {
                        "kind": {"enum": ["individual", "business", "official"]},
                        "terms": {
                          "$ref": "#/$defs/text",
                          "description": "The terms that the subject agreed to."
                        },
                        "attributes": {
                          "type": ["object", "null"],
                          "description": "What policies may know about the subject; null: nothing. Those of a second enrolment replace all."
                        }
                      }
                    }
                  }
                },
                "withdrawn": {
                  "description": "Sanctions are lifted, perks revoked, the subject's state removed.",
                  "$ref": "#/$defs/envelope",
                  "required": ["subject"],
                  "properties": {
                    "type": {"const": "standing.subject.withdrawn"},
                    "subject": {"$ref": "#/$defs/attribute"},
                    "data": {"type": "object"}
                  }
                },
                "voided": {
                  "description": "As if that event of the subject had never happened.",
                  "$ref": "#/$defs/envelope",
                  "required": ["subject", "data"],
                  "properties": {
                    "type": {"const": "standing.event.voided"},
                    "subject": {"$ref": "#/$defs/attribute"},
                    "data": {
                      "type": "object",
                      "required": ["source", "id", "reason"],
                      "properties": {
                        "source": {"$ref": "#/$defs/text"},
                        "id": {"$ref": "#/$defs/text"},
                        "reason": {"type": "string"}
                      }
                    }
                  }
                },
                "appeal-filed": {
                  "description": "The subject appeals against a sanction that is noticed or in force.",
                  "$ref": "#/$defs/envelope",
                  "required": ["subject", "data"],
                  "properties": {
                    "type": {"const": "standing.appeal.filed"},
                    "subject": {"$ref": "#/$defs/attribute"},
                    "data": {
                      "type": "object",
                      "required": ["sanction", "statement"],
                      "properties": {"sanction": {"$ref": "#/$defs/text"}, "statement": {"type": "string"}}
                    }
                  }
                },
                "appeal-decided": {
                  "description": "Upheld: the sanction is lifted. Rejected: it goes on with its old dates.",
                  "$ref": "#/$defs/envelope",
                  "required": ["subject", "data"],
                  "properties": {
                    "type": {"const": "standing.appeal.decided"},
                    "subject": {"$ref": "#/$defs/attribute"},
                    "data": {
                      "type": "object",
                      "required": ["sanction", "outcome", "reason"],
                      "properties": {
                        "sanction": {"$ref": "#/$defs/text"},
                        "outcome": {"enum": ["upheld", "rejected"]},
                        "reason": {"type": "string"}
                      }
                    }
                  }
                },
                "policy-activated": {
                  "description": "From this entry on, this policy. Goes to every ledger partition.",
                  "$ref": "#/$defs/envelope",
                  "required": ["data"],
                  "properties": {
                    "type": {"const": "standing.policy.activated"},
                    "data": {
                      "type": "object",
                      "required": ["policy"],
                      "properties": {
                        "policy": {"$ref": "#/$defs/text", "description": "The policy's text, a YAML document."},
                        "replaces": {
                          "description": "SHA-256 of the text of the policy that it was approved against. Where another one is active it changes nothing (from fold version 5 on).",
                          "type": "string",
                          "pattern": "^[0-9a-f]{64}$"
                        }
                      }
                    }
                  }
                },
                "source-reset": {
                  "description": "Origins of that topic start again at 0. Goes to every ledger partition.",
                  "$ref": "#/$defs/envelope",
                  "required": ["data"],
                  "properties": {
                    "type": {"const": "standing.source.reset"},
                    "data": {
                      "type": "object",
                      "required": ["topic"],
                      "properties": {"topic": {"$ref": "#/$defs/text"}}
                    }
                  }
                },
                "source-acknowledged": {
                  "description": "Somebody has looked at what that topic has lost; it imposes sanctions again. Goes to every ledger partition.",
                  "$ref": "#/$defs/envelope",
                  "required": ["data"],
                  "properties": {
                    "type": {"const": "standing.source.acknowledged"},
                    "data": {
                      "type": "object",
                      "required": ["topic"],
                      "properties": {"topic": {"$ref": "#/$defs/text"}, "reason": {"type": "string"}}
                    }
                  }
                },
                "source-withdrawn": {
                  "description": "From here on it is as if that topic had never had a behaviour event. Goes to every ledger partition.",
                  "$ref": "#/$defs/envelope",
                  "required": ["data"],
                  "properties": {
                    "type": {"const": "standing.source.withdrawn"},
                    "data": {
                      "type": "object",
                      "required": ["topic", "reason"],
                      "properties": {
                        "topic": {"$ref": "#/$defs/text"},
                        "reason": {"$ref": "#/$defs/text"},
                        "by": {"type": "string"}
                      }
                    }
                  }
                },
                "source-restored": {
                  "description": "That topic counts again, with its events before this one. Goes to every ledger partition.",
                  "$ref": "#/$defs/envelope",
                  "required": ["data"],
                  "properties": {
                    "type": {"const": "standing.source.restored"},
                    "data": {
                      "type": "object",
                      "required": ["topic", "reason"],
                      "properties": {
                        "topic": {"$ref": "#/$defs/text"},
                        "reason": {"$ref": "#/$defs/text"},
                        "by": {"type": "string"}
                      }
                    }
                  }
                }
              }
            }

            """#
        ),
        (
            "dead-letter.json",
            #"""
            {
              "$schema": "https://json-schema.org/draft/2020-12/schema",
              "title": "A dead letter",
              "description": "A record that was no event. Key and value are the original bytes, so this schema allows any value, JSON or not. The headers are the original ones in their order, followed by those of Kafka Connect's error reporter (KIP-298): `__connect.errors.topic`, `__connect.errors.partition` and `__connect.errors.offset` say where the record came from, the numbers in decimal digits; `__connect.errors.exception.class.name` is the reason as ATTRIBUTE/REASON and `__connect.errors.exception.message` says it in words; `__connect.errors.connector.name` and `__connect.errors.stage` name the reader. Where the broker takes no record of the original size the value is null and `__connect.errors.value.dropped.bytes` is its size. A record without key and value and with the headers `standing.redriven`, an offset in this partition, and `standing.redriven.to`, TOPIC/PARTITION/OFFSET, is no letter: it says that the letter at that offset was sent to intake again. One with the headers `standing.discarded`, an offset in this partition, and `standing.discarded.reason`, a text, says that an operator has put the letter at that offset aside for good. A record that was sent to intake again carries `standing.redrive-of`, the letter's PARTITION:OFFSET."
            }

            """#
        ),
        (
            "event.json",
            #"""
            {
              "$schema": "https://json-schema.org/draft/2020-12/schema",
              "title": "A behaviour event",
              "description": "A CloudEvents 1.0 event about one subject, in structured mode; in binary mode the attributes are ce_ headers and the value is `data`, null if there is none. (source, id) identifies an event of its subject within one enrolment, a voided event for ever. Further CloudEvents attributes are allowed and ignored.",
              "type": "object",
              "required": ["specversion", "id", "source", "type", "subject", "time"],
              "properties": {
                "specversion": {"const": "1.0"},
                "id": {"$ref": "#/$defs/attribute"},
                "source": {"$ref": "#/$defs/attribute"},
                "type": {
                  "$ref": "#/$defs/attribute",
                  "pattern": "^(?!standing\\.)",
                  "description": "The prefix `standing.` is reserved to the control topic."
                },
                "subject": {"$ref": "#/$defs/attribute", "description": "Who is scored."},
                "time": {
                  "$ref": "#/$defs/time",
                  "description": "When it happened; no later than the reader's clock plus the allowed skew."
                },
                "data": {"type": "object", "description": "What a policy's rules may look at."}
              },
              "$defs": {
                "attribute": {
                  "description": "A CloudEvents string without control characters and noncharacters, of at most 1024 bytes in UTF-8.",
                  "type": "string",
                  "minLength": 1,
                  "maxLength": 1024,
                  "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f\\ufdd0-\\ufdef\\ufffe\\uffff\ud83f\udffe\ud83f\udfff\ud87f\udffe\ud87f\udfff\ud8bf\udffe\ud8bf\udfff\ud8ff\udffe\ud8ff\udfff\ud93f\udffe\ud93f\udfff\ud97f\udffe\ud97f\udfff\ud9bf\udffe\ud9bf\udfff\ud9ff\udffe\ud9ff\udfff\uda3f\udffe\uda3f\udfff\uda7f\udffe\uda7f\udfff\udabf\udffe\udabf\udfff\udaff\udffe\udaff\udfff\udb3f\udffe\udb3f\udfff\udb7f\udffe\udb7f\udfff\udbbf\udffe\udbbf\udfff\udbff\udffe\udbff\udfff]+$"
                },
                "time": {
                  "description": "RFC 3339, of at most 64 characters. The day is one that its month has; second 60 is a leap second.",
                  "type": "string",
                  "format": "date-time",
                  "maxLength": 64,
                  "pattern": "^(?!0000)[0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|[12][0-9]))[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\\.[0-9]+)?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
                }
              }
            }

            """#
        ),
        (
            "fact-perk.json",
            #"""
            {
              "$schema": "https://json-schema.org/draft/2020-12/schema",
              "title": "A perk fact",
              "description": "A perk was granted or revoked. A CloudEvents 1.0 event in structured mode; the record's key is the subject, its partition the ledger partition.",
              "type": "object",
              "required": ["specversion", "id", "source", "type", "subject", "time", "sequence", "data"],
              "properties": {
                "specversion": {"const": "1.0"},
                "id": {
                  "type": "string",
                  "pattern": "^[0-9]+-[0-9]+-[0-9]+-[0-9]+$",
                  "description": "Ledger partition, ledger offset, entry, number of the fact."
                },
                "source": {"type": "string", "minLength": 1},
                "type": {"enum": ["standing.perk.granted", "standing.perk.revoked"]},
                "subject": {"type": "string", "minLength": 1},
                "time": {"$ref": "#/$defs/time", "description": "The ledger partition's clock."},
                "sequence": {
                  "oneOf": [{"type": "string", "pattern": "^[1-9][0-9]{0,17}$"}, {"type": "integer", "minimum": 1}],
                  "description": "Starts at 1 and has no gap within its topic and partition. Digits in a string (CloudEvents' sequence extension); a number in the facts of ledgers of fold version 2."
                },
                "data": {
                  "type": "object",
                  "required": ["policy", "cause", "reasons", "before", "after", "perk"],
                  "properties": {
                    "policy": {
                      "type": "object",
                      "required": ["id", "version"],
                      "properties": {
                        "id": {"type": "string", "pattern": "^[a-z][a-z0-9-]*$"},
                        "version": {"type": "integer", "minimum": 1}
                      },
                      "additionalProperties": false
                    },
                    "cause": {"oneOf": [{"$ref": "#/$defs/event-cause"}, {"$ref": "#/$defs/timer-cause"}]},
                    "reasons": {
                      "type": "array",
                      "items": {"$ref": "#/$defs/reason"},
                      "description": "The rules and points that made the change, largest first."
                    },
                    "before": {
                      "oneOf": [{"type": "null"}, {"$ref": "#/$defs/standing"}],
                      "description": "Null at enrolment."
                    },
                    "after": {"$ref": "#/$defs/standing"},
                    "perk": {"$ref": "#/$defs/text"}
                  },
                  "additionalProperties": false
                }
              },
              "additionalProperties": false,
              "$defs": {
                "text": {"type": "string", "minLength": 1},
                "time": {
                  "type": "string",
                  "format": "date-time",
                  "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?Z$"
                },
                "standing": {
                  "type": "object",
                  "required": ["score", "band"],
                  "properties": {"score": {"type": "integer"}, "band": {"$ref": "#/$defs/text"}},
                  "additionalProperties": false
                },
                "event-cause": {
                  "type": "object",
                  "required": ["source", "id", "type"],
                  "properties": {
                    "source": {"$ref": "#/$defs/text"},
                    "id": {"$ref": "#/$defs/text"},
                    "type": {"$ref": "#/$defs/text"}
                  },
                  "additionalProperties": false,
                  "description": "The event that made the change."
                },
                "timer-cause": {
                  "type": "object",
                  "required": ["timer"],
                  "properties": {"timer": {"$ref": "#/$defs/text"}},
                  "additionalProperties": false,
                  "description": "The timer that made the change: bucket-end, or the id of a perk or a sanction."
                },
                "reason": {
                  "type": "object",
                  "required": ["rule", "dimension", "points"],
                  "properties": {
                    "rule": {"$ref": "#/$defs/text"},
                    "dimension": {"$ref": "#/$defs/text"},
                    "points": {"type": "integer"}
                  },
                  "additionalProperties": false
                }
              }
            }

            """#
        ),
        (
            "fact-sanction.json",
            #"""
            {
              "$schema": "https://json-schema.org/draft/2020-12/schema",
              "title": "A sanction fact",
              "description": "A sanction was noticed, came into force, was stayed or was lifted. A CloudEvents 1.0 event in structured mode; the record's key is the subject, its partition the ledger partition.",
              "type": "object",
              "required": ["specversion", "id", "source", "type", "subject", "time", "sequence", "data"],
              "properties": {
                "specversion": {"const": "1.0"},
                "id": {
                  "type": "string",
                  "pattern": "^[0-9]+-[0-9]+-[0-9]+-[0-9]+$",
                  "description": "Ledger partition, ledger offset, entry, number of the fact."
                },
                "source": {"type": "string", "minLength": 1},
                "type": {
                  "enum": [
                    "standing.sanction.noticed",
                    "standing.sanction.in-force",
                    "standing.sanction.stayed",
                    "standing.sanction.lifted"
                  ]
                },
                "subject": {"type": "string", "minLength": 1},
                "time": {"$ref": "#/$defs/time", "description": "The ledger partition's clock."},
                "sequence": {
                  "oneOf": [{"type": "string", "pattern": "^[1-9][0-9]{0,17}$"}, {"type": "integer", "minimum": 1}],
                  "description": "Starts at 1 and has no gap within its topic and partition. Digits in a string (CloudEvents' sequence extension); a number in the facts of ledgers of fold version 2."
                },
                "data": {
                  "type": "object",
                  "required": [
                    "policy",
                    "cause",
                    "reasons",
                    "before",
                    "after",
                    "sanction",
                    "measures",
                    "since",
                    "until"
                  ],
                  "properties": {
                    "policy": {
                      "type": "object",
                      "required": ["id", "version"],
                      "properties": {
                        "id": {"type": "string", "pattern": "^[a-z][a-z0-9-]*$"},
                        "version": {"type": "integer", "minimum": 1}
                      },
                      "additionalProperties": false
                    },
                    "cause": {"oneOf": [{"$ref": "#/$defs/event-cause"}, {"$ref": "#/$defs/timer-cause"}]},
                    "reasons": {
                      "type": "array",
                      "items": {"$ref": "#/$defs/reason"},
                      "description": "The rules and points that made the change, largest first."
                    },
                    "before": {"$ref": "#/$defs/standing"},
                    "after": {"$ref": "#/$defs/standing"},
                    "sanction": {"$ref": "#/$defs/text", "description": "The sanction's id in the policy."},
                    "measures": {
                      "type": "array",
                      "items": {"$ref": "#/$defs/text"},
                      "description": "What a blacklist service blocks while it is in force."
                    },
                    "since": {"$ref": "#/$defs/time"},
                    "until": {"$ref": "#/$defs/time"},
                    "restored": {
                      "const": true,
                      "description": "A rejected appeal has brought it back with its old dates: it was noticed, or in force, before."
                    },
                    "reason": {
                      "enum": [
                        "cured",
                        "remedied",
                        "expired",
                        "appeal-upheld",
                        "appeal-lapsed",
                        "voided",
                        "withdrawn"
                      ],
                      "description": "Why it was lifted."
                    }
                  },
                  "additionalProperties": false
                }
              },
              "additionalProperties": false,
              "oneOf": [
                {
                  "properties": {
                    "type": {"const": "standing.sanction.lifted"},
                    "data": {"required": ["reason"], "properties": {"restored": false}}
                  }
                },
                {
                  "properties": {
                    "type": {
                      "enum": [
                        "standing.sanction.noticed",
                        "standing.sanction.in-force"
                      ]
                    },
                    "data": {"properties": {"reason": false}}
                  }
                },
                {
                  "properties": {
                    "type": {"const": "standing.sanction.stayed"},
                    "data": {"properties": {"reason": false, "restored": false}}
                  }
                }
              ],
              "$defs": {
                "text": {"type": "string", "minLength": 1},
                "time": {
                  "type": "string",
                  "format": "date-time",
                  "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?Z$"
                },
                "standing": {
                  "type": "object",
                  "required": ["score", "band"],
                  "properties": {"score": {"type": "integer"}, "band": {"$ref": "#/$defs/text"}},
                  "additionalProperties": false
                },
                "event-cause": {
                  "type": "object",
                  "required": ["source", "id", "type"],
                  "properties": {
                    "source": {"$ref": "#/$defs/text"},
                    "id": {"$ref": "#/$defs/text"},
                    "type": {"$ref": "#/$defs/text"}
                  },
                  "additionalProperties": false,
                  "description": "The event that made the change."
                },
                "timer-cause": {
                  "type": "object",
                  "required": ["timer"],
                  "properties": {"timer": {"$ref": "#/$defs/text"}},
                  "additionalProperties": false,
                  "description": "The timer that made the change: bucket-end, or the id of a perk or a sanction."
                },
                "reason": {
                  "type": "object",
                  "required": ["rule", "dimension", "points"],
                  "properties": {
                    "rule": {"$ref": "#/$defs/text"},
                    "dimension": {"$ref": "#/$defs/text"},
                    "points": {"type": "integer"}
                  },
                  "additionalProperties": false
                }
              }
            }

            """#
        ),
        (
            "fact-score-changed.json",
            #"""
            {
              "$schema": "https://json-schema.org/draft/2020-12/schema",
              "title": "A score fact",
              "description": "A score or a band changed, or the subject withdrew. A CloudEvents 1.0 event in structured mode; the record's key is the subject, its partition the ledger partition.",
              "type": "object",
              "required": ["specversion", "id", "source", "type", "subject", "time", "sequence", "data"],
              "properties": {
                "specversion": {"const": "1.0"},
                "id": {
                  "type": "string",
                  "pattern": "^[0-9]+-[0-9]+-[0-9]+-[0-9]+$",
                  "description": "Ledger partition, ledger offset, entry, number of the fact."
                },
                "source": {"type": "string", "minLength": 1},
                "type": {"const": "standing.score.changed"},
                "subject": {"type": "string", "minLength": 1},
                "time": {"$ref": "#/$defs/time", "description": "The ledger partition's clock."},
                "sequence": {
                  "oneOf": [{"type": "string", "pattern": "^[1-9][0-9]{0,17}$"}, {"type": "integer", "minimum": 1}],
                  "description": "Starts at 1 and has no gap within its topic and partition. Digits in a string (CloudEvents' sequence extension); a number in the facts of ledgers of fold version 2."
                },
                "data": {
                  "type": "object",
                  "required": ["policy", "cause", "reasons", "before", "after"],
                  "properties": {
                    "policy": {
                      "type": "object",
                      "required": ["id", "version"],
                      "properties": {
                        "id": {"type": "string", "pattern": "^[a-z][a-z0-9-]*$"},
                        "version": {"type": "integer", "minimum": 1}
                      },
                      "additionalProperties": false
                    },
                    "cause": {"oneOf": [{"$ref": "#/$defs/event-cause"}, {"$ref": "#/$defs/timer-cause"}]},
                    "reasons": {
                      "type": "array",
                      "items": {"$ref": "#/$defs/reason"},
                      "description": "The rules and points that made the change, largest first."
                    },
                    "before": {
                      "oneOf": [{"type": "null"}, {"$ref": "#/$defs/standing"}],
                      "description": "Null at enrolment."
                    },
                    "after": {
                      "oneOf": [{"type": "null"}, {"$ref": "#/$defs/standing"}],
                      "description": "Null at withdrawal."
                    }
                  },
                  "additionalProperties": false
                }
              },
              "additionalProperties": false,
              "$defs": {
                "text": {"type": "string", "minLength": 1},
                "time": {
                  "type": "string",
                  "format": "date-time",
                  "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?Z$"
                },
                "standing": {
                  "type": "object",
                  "required": ["score", "band"],
                  "properties": {"score": {"type": "integer"}, "band": {"$ref": "#/$defs/text"}},
                  "additionalProperties": false
                },
                "event-cause": {
                  "type": "object",
                  "required": ["source", "id", "type"],
                  "properties": {
                    "source": {"$ref": "#/$defs/text"},
                    "id": {"$ref": "#/$defs/text"},
                    "type": {"$ref": "#/$defs/text"}
                  },
                  "additionalProperties": false,
                  "description": "The event that made the change."
                },
                "timer-cause": {
                  "type": "object",
                  "required": ["timer"],
                  "properties": {"timer": {"$ref": "#/$defs/text"}},
                  "additionalProperties": false,
                  "description": "The timer that made the change: bucket-end, or the id of a perk or a sanction."
                },
                "reason": {
                  "type": "object",
                  "required": ["rule", "dimension", "points"],
                  "properties": {
                    "rule": {"$ref": "#/$defs/text"},
                    "dimension": {"$ref": "#/$defs/text"},
                    "points": {"type": "integer"}
                  },
                  "additionalProperties": false
                }
              }
            }

            """#
        ),
        (
            "member.json",
            #"""
            {
              "$schema": "https://json-schema.org/draft/2020-12/schema",
              "title": "A member, or the policy in the shadow",
              "description": "Under an address, the announcement of the member that answers there. Under the key `shadow`, the policy that all of them fold beside the active one. A null value takes back what its key said.",
              "oneOf": [
                {"$ref": "#/$defs/announcement"},
                {"$ref": "#/$defs/shadow"}
              ],
              "$defs": {
                "announcement": {
                  "description": "The key is the address.",
                  "type": "object",
                  "required": ["member", "address", "partitions"],
                  "additionalProperties": false,
                  "properties": {
                    "member": {"type": "string", "description": "What the member calls itself (--member)."},
                    "address": {"type": "string", "description": "HOST:PORT of its HTTP server."},
                    "partitions": {
                      "type": "array",
                      "items": {"type": "integer", "minimum": 0},
                      "description": "The ledger partitions that it owns."
                    },
                    "full": {"type": "boolean", "description": "It is at its memory limit and takes no enrolment."}
                  }
                },
                "shadow": {
                  "description": "An order of `standing policy shadow start`.",
                  "type": "object",
                  "required": ["policy", "since"],
                  "additionalProperties": false,
                  "properties": {
                    "policy": {"type": "string", "description": "The policy's text, a YAML document."},
                    "since": {"type": "string", "format": "date-time", "description": "When it was ordered."},
                    "by": {"type": "string", "description": "Who ordered it."}
                  }
                }
              }
            }

            """#
        ),
    ]
}
