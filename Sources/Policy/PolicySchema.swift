/// The JSON Schema (2020-12) of policy documents, for editors. `standing policy check` finds more errors, in
/// expressions, contexts and protected attributes.
public enum PolicySchema {
    /// The source of the schema. `deploy/policies/policy.schema.json` is the same text, byte for byte.
    public static let text = #"""
        {
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "title": "A Standing policy",
          "description": "Rules, measures, bands, perks and sanctions: what each event is worth, and what follows from a score. `standing policy check` also checks expressions, that evidence never crosses dimensions, and protected attributes; `standing policy explain` says it in plain sentences; `standing policy test` runs cases.",
          "type": "object",
          "required": ["policy", "version", "score", "dimensions", "rules", "bands"],
          "additionalProperties": false,
          "properties": {
            "policy": {
              "description": "The policy's name: lower-case letters, digits and hyphens, a letter first.",
              "type": "string",
              "pattern": "^[a-z][a-z0-9-]*$",
              "maxLength": 128
            },
            "version": {
              "description": "Counts up with every change of the policy.",
              "type": "integer",
              "minimum": 1,
              "maximum": 9223372036854775807
            },
            "early": {
              "description": "How long an event that is read before its subject's enrolment waits for it, and a void for its event: minutes, hours or days, at most 7 days. Default: 1 hour.",
              "type": "string",
              "pattern": "^0*([0-9]{1,4}|100[0-7][0-9]|10080) minutes?$|^0*([0-9]{1,2}|1[0-5][0-9]|16[0-8]) hours?$|^0*[0-7] days?$",
              "default": "1 hour"
            },
            "score": {
              "description": "Where everyone starts, and the range that a score never leaves: min <= base <= max.",
              "type": "object",
              "required": ["base", "min", "max"],
              "additionalProperties": false,
              "properties": {
                "base": {"description": "The score of a subject without any points.", "$ref": "#/$defs/points"},
                "min": {"description": "No score is less.", "$ref": "#/$defs/points"},
                "max": {"description": "No score is more.", "$ref": "#/$defs/points"}
              }
            },
            "kinds": {
              "description": "Whom the policy scores. Default: individuals, businesses and officials.",
              "$ref": "#/$defs/kinds"
            },
            "dimensions": {
              "description": "The contexts, by name. Evidence and sanctions never cross them: an event type counts in one dimension only.",
              "type": "object",
              "minProperties": 1,
              "maxProperties": 64,
              "propertyNames": {"$ref": "#/$defs/name"},
              "additionalProperties": {
                "description": "The clamp of the dimension's points. Default: unbounded.",
                "type": ["object", "null"],
                "additionalProperties": false,
                "properties": {
                  "min": {"description": "The dimension's points count as no less.", "$ref": "#/$defs/points"},
                  "max": {"description": "The dimension's points count as no more.", "$ref": "#/$defs/points"}
                }
              }
            },
            "constants": {
              "description": "Values with a name, constant.<name> in every expression: an int, a double, a text, true or false, or a list of them.",
              "type": ["object", "null"],
              "maxProperties": 256,
              "propertyNames": {"$ref": "#/$defs/field"},
              "additionalProperties": {
                "oneOf": [
                  {"$ref": "#/$defs/constant"},
                  {"type": "array", "maxItems": 1024, "items": {"$ref": "#/$defs/constant"}}
                ]
              },
              "examples": [{"strikes": 3, "gold_tiers": ["gold", "platinum"]}]
            },
            "attributes": {
              "description": "What the rules know of a subject beside events, attribute.<name> in every expression: from data.attributes of its last enrolment. What is absent or of another type cannot be read; has(attribute.<name>) tells.",
              "type": ["object", "null"],
              "maxProperties": 64,
              "propertyNames": {"$ref": "#/$defs/field"},
              "additionalProperties": {
                "description": "The attribute's type. An int is accepted as a double; a timestamp is an RFC 3339 text.",
                "enum": ["int", "double", "string", "bool", "timestamp"]
              },
              "examples": [{"tier": "string", "fleet": "int"}]
            },
            "measures": {
              "description": "Numbers about a subject beside points, measure.<id> in rules without event, in sanctions by level of the same dimension, and in perks.",
              "type": ["array", "null"],
              "maxItems": 256,
              "items": {"$ref": "#/$defs/measure"}
            },
            "rules": {
              "description": "What events, or measures, are worth. Every rule that names an event's type is applied to it.",
              "type": "array",
              "maxItems": 1024,
              "items": {"$ref": "#/$defs/rule"}
            },
            "bands": {
              "description": "Names of score ranges, rising; the first must cover score.min.",
              "type": "array",
              "minItems": 1,
              "maxItems": 64,
              "items": {"$ref": "#/$defs/band"}
            },
            "perks": {
              "description": "What a good standing brings.",
              "type": "array",
              "maxItems": 256,
              "items": {"$ref": "#/$defs/perk"}
            },
            "sanctions": {
              "description": "What adverse evidence brings. Only a new adverse event can impose one, and every one has a term.",
              "type": "array",
              "maxItems": 256,
              "items": {"$ref": "#/$defs/sanction"}
            },
            "appeals": {
              "description": "What an appeal against a sanction does.",
              "type": "object",
              "additionalProperties": false,
              "properties": {
                "stay": {
                  "description": "Whether nothing is blocked while an appeal is undecided. Default: true.",
                  "type": "boolean",
                  "default": true
                },
                "decide-within": {
                  "description": "An appeal that is not decided by then lapses in the subject's favour. Default: 30 days.",
                  "$ref": "#/$defs/term",
                  "default": "30 days"
                }
              }
            },
            "harm-budget": {
              "description": "What activating a policy may cost those who are scored: `standing policy activate` refuses one that breaks the budget of the active policy or its own.",
              "type": "object",
              "additionalProperties": false,
              "properties": {
                "lose-band": {
                  "description": "Share of the subjects who may fall to a lower band.",
                  "$ref": "#/$defs/share"
                },
                "lose-points": {
                  "description": "Share of the subjects who may lose points.",
                  "$ref": "#/$defs/share"
                },
                "lose-perk": {
                  "description": "Share of the subjects who may lose a perk.",
                  "$ref": "#/$defs/share"
                },
                "largest-loss": {
                  "description": "Points that one subject may lose.",
                  "type": "integer",
                  "minimum": 0,
                  "maximum": 2147483648
                },
                "new-sanctions": {
                  "description": "Sanctions that would be on subjects, had the policy always been active, and are not.",
                  "type": "integer",
                  "minimum": 0
                }
              }
            }
          },
          "$defs": {
            "share": {
              "description": "A share such as 2.5 %, at most 100 %, with at most two decimals.",
              "type": "string",
              "pattern": "^([0-9]{1,2}|0[0-9]{2})(\\.[0-9]{1,2})? ?%$|^100(\\.0{1,2})? ?%$"
            },
            "name": {
              "description": "Letters, digits, hyphens, underscores and points, a letter or digit first.",
              "type": "string",
              "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]*$",
              "maxLength": 128
            },
            "field": {
              "description": "Letters, digits and underscores, no digit first.",
              "type": "string",
              "pattern": "^[A-Za-z_][A-Za-z0-9_]*$",
              "maxLength": 128
            },
            "variable": {
              "description": "Lower-case letters, digits and underscores, a letter first.",
              "type": "string",
              "pattern": "^[a-z][a-z0-9_]*$",
              "maxLength": 128
            },
            "constant": {
              "description": "An int, a double, a text, true or false.",
              "type": ["integer", "number", "string", "boolean"]
            },
            "points": {"type": "integer", "minimum": -2147483648, "maximum": 2147483648},
            "duration": {
              "description": "Days of 24 hours, or months or years of the UTC calendar, such as 14 days.",
              "type": "string",
              "pattern": "^[0-9]+ +(days?|months?|years?)$"
            },
            "term": {
              "description": "Days of 24 hours, or months or years of the UTC calendar; not zero.",
              "type": "string",
              "pattern": "^[0-9]*[1-9][0-9]* +(days?|months?|years?)$"
            },
            "kinds": {
              "type": "array",
              "minItems": 1,
              "items": {"enum": ["individual", "business", "official"]}
            },
            "event-type": {
              "description": "A CloudEvents type, matched exactly, or a prefix that ends in .* and matches the types that begin with what stands before the *. Types under `standing.` are reserved for control events.",
              "type": "string",
              "minLength": 1,
              "pattern": "^(?!standing\\.)[^*]*(\\.\\*)?$",
              "examples": ["bill.paid", "bill.*"]
            },
            "event-types": {
              "oneOf": [
                {"$ref": "#/$defs/event-type"},
                {"type": "array", "minItems": 1, "maxItems": 256, "items": {"$ref": "#/$defs/event-type"}}
              ]
            },
            "event-condition": {
              "description": "CEL over the event, a bool: data, type, source, subject, id, time, kind, constant.<name>, attribute.<name>. Default: true. What cannot be evaluated does not match.",
              "type": ["string", "boolean"],
              "examples": ["data.amount >= 100", "data.days > 5 && kind == 'business'"]
            },
            "amount": {
              "description": "CEL over the event that gives an int. An event for which it has no value is not in the measure.",
              "type": ["integer", "string"],
              "examples": ["data.amount"]
            },
            "measure": {
              "description": "A number: a function of the set of a subject's events and of the clock. One of count, sum, min, max, latest and streak.",
              "type": "object",
              "required": ["id", "dimension", "event"],
              "additionalProperties": false,
              "properties": {
                "id": {"description": "The measure's name: measure.<id>.", "$ref": "#/$defs/variable"},
                "dimension": {
                  "description": "Its context: an event type belongs to one dimension.",
                  "$ref": "#/$defs/name"
                },
                "kinds": {
                  "description": "Whom it is about. Default: the policy's kinds. Of anyone else it is 0, or absent.",
                  "$ref": "#/$defs/kinds"
                },
                "event": {"description": "An event type, a prefix, or a list of them.", "$ref": "#/$defs/event-types"},
                "when": {"$ref": "#/$defs/event-condition"},
                "count": {"description": "The number of its events.", "const": true},
                "sum": {"description": "The sum over its events, of CEL that gives an int.", "$ref": "#/$defs/amount"},
                "min": {
                  "description": "The least over its events, of CEL that gives an int; absent without any.",
                  "$ref": "#/$defs/amount"
                },
                "max": {
                  "description": "The greatest over its events, of CEL that gives an int; absent without any.",
                  "$ref": "#/$defs/amount"
                },
                "latest": {
                  "description": "Of the last of its events by time, of CEL that gives an int; absent without any.",
                  "$ref": "#/$defs/amount"
                },
                "streak": {
                  "description": "The number of its events after the last one of these types, which break the streak.",
                  "$ref": "#/$defs/event-types"
                },
                "within": {
                  "description": "An event is in it until so long after the end of its UTC day. Default: for ever.",
                  "$ref": "#/$defs/term"
                },
                "adverse": {
                  "description": "Whether its events are held against the subject, so that one can impose a sanction by level. Default: false.",
                  "type": "boolean",
                  "default": false
                }
              },
              "oneOf": [
                {"required": ["count"]},
                {"required": ["sum"]},
                {"required": ["min"]},
                {"required": ["max"]},
                {"required": ["latest"]},
                {"required": ["streak"]}
              ],
              "examples": [
                {"id": "late_90d", "dimension": "payment", "event": "bill.late", "count": true, "within": "90 days"}
              ]
            },
            "rule": {
              "type": "object",
              "required": ["id", "dimension", "points"],
              "additionalProperties": false,
              "properties": {
                "id": {"description": "The rule's name, which every explanation of a score gives.", "$ref": "#/$defs/name"},
                "dimension": {"description": "The dimension that the points go to.", "$ref": "#/$defs/name"},
                "kinds": {"description": "Whom the rule is about. Default: the policy's kinds.", "$ref": "#/$defs/kinds"},
                "event": {
                  "description": "An event type, a prefix, or a list of them. Without it the rule is over the measures of its dimension and gives, at every moment, what points says.",
                  "$ref": "#/$defs/event-types"
                },
                "when": {"$ref": "#/$defs/event-condition"},
                "points": {
                  "description": "What an event gives, or with a minus takes: a whole number, or CEL over the event that gives an int, such as data.days * -2. Without event: CEL over measure.<id>, constant.<name>, attribute.<name> and kind.",
                  "type": ["integer", "string"],
                  "minimum": -2147483648,
                  "maximum": 2147483648,
                  "examples": [10, "data.days * -2", "measure.late_90d >= 3 ? -60 : 0"]
                },
                "per": {
                  "description": "The bucket of an event: the UTC calendar period of its time. Default: ever.",
                  "enum": ["day", "month", "year", "ever"],
                  "default": "ever"
                },
                "cap": {
                  "description": "The sum of a bucket, of a window, or what a rule without event gives, is clamped to -cap to cap. Default: none.",
                  "type": "integer",
                  "minimum": 0,
                  "maximum": 2147483648
                },
                "lasts": {
                  "description": "How long a bucket counts after its end. Default: for ever. Needs per.",
                  "$ref": "#/$defs/duration"
                },
                "within": {
                  "description": "A rolling window, instead of per and lasts: an event counts until so long after the end of its UTC day.",
                  "$ref": "#/$defs/term"
                },
                "fades": {
                  "description": "Whether what an ended bucket gives shrinks by equal steps, one a day or a month of lasts, at most 120. Needs per and lasts. Default: false.",
                  "type": "boolean",
                  "default": false
                }
              },
              "dependentRequired": {
                "when": ["event"],
                "per": ["event"],
                "lasts": ["event"],
                "within": ["event"]
              },
              "dependentSchemas": {
                "within": {"properties": {"per": false, "lasts": false}},
                "fades": {
                  "if": {"properties": {"fades": {"const": true}}},
                  "then": {"required": ["per", "lasts"]}
                }
              },
              "if": {"required": ["lasts"]},
              "then": {
                "description": "A bucket must end for its points to run out: give per as day, month or year.",
                "required": ["per"],
                "properties": {"per": {"enum": ["day", "month", "year"]}}
              }
            },
            "band": {
              "type": "object",
              "required": ["name", "from"],
              "additionalProperties": false,
              "properties": {
                "name": {"description": "The band's name.", "type": "string", "minLength": 1},
                "from": {"description": "The least score of the band.", "$ref": "#/$defs/points"}
              }
            },
            "perk": {
              "type": "object",
              "required": ["id", "when"],
              "additionalProperties": false,
              "properties": {
                "id": {"description": "The perk's name.", "$ref": "#/$defs/name"},
                "when": {
                  "description": "CEL over the standing, a bool: score, band, kind, dimension.<name>, sanctioned (any sanction in force), measure.<id>, constant.<name>, attribute.<name>. What cannot be evaluated is false.",
                  "type": ["string", "boolean"],
                  "examples": ["score >= 750 && !sanctioned"]
                },
                "grace": {
                  "description": "The perk is revoked only after so long without its condition. Default: 0 days.",
                  "$ref": "#/$defs/duration",
                  "default": "0 days"
                }
              }
            },
            "sanction": {
              "type": "object",
              "required": ["id", "dimension", "measures", "lasts"],
              "additionalProperties": false,
              "properties": {
                "id": {"description": "The sanction's name.", "$ref": "#/$defs/name"},
                "dimension": {
                  "description": "The one dimension that its evidence may come from.",
                  "$ref": "#/$defs/name"
                },
                "measures": {
                  "description": "What a blacklist service blocks while the sanction is in force.",
                  "oneOf": [
                    {"$ref": "#/$defs/name"},
                    {"type": "array", "minItems": 1, "maxItems": 256, "items": {"$ref": "#/$defs/name"}}
                  ]
                },
                "event": {
                  "description": "The event types that impose it. Without any, a level does: see when.",
                  "$ref": "#/$defs/event-types"
                },
                "when": {
                  "description": "With event: CEL over the event. Without: CEL over points and the measures of this dimension."
                },
                "lifted-by": {
                  "description": "The event types that lift it (remedied).",
                  "$ref": "#/$defs/event-types"
                },
                "notice": {
                  "description": "How long it is announced before it is in force. Default: 0 days.",
                  "$ref": "#/$defs/duration",
                  "default": "0 days"
                },
                "lasts": {
                  "description": "The term: it ends so long after it was imposed. No term, no sanction.",
                  "$ref": "#/$defs/term"
                }
              },
              "if": {"required": ["event"]},
              "then": {
                "description": "Imposed by an event.",
                "properties": {"when": {"$ref": "#/$defs/event-condition"}}
              },
              "else": {
                "description": "Imposed by a level of points or measures, and lifted (cured) when the level is left.",
                "required": ["when"],
                "properties": {
                  "when": {
                    "description": "CEL, a bool: points and measure.<id> of this dimension, kind, constant.<name>, attribute.<name>, such as points <= -100.",
                    "type": "string",
                    "minLength": 1,
                    "examples": ["points <= -100", "measure.late_90d >= 4"]
                  }
                }
              }
            }
          }
        }

        """#
}
