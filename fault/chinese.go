package fault

// chinese is the catalogue of what RedFire's errors say: the formats that are
// given to [Code.Errorf], and the same in Chinese, with the same verbs in the
// same order.
var chinese = map[string]string{}
