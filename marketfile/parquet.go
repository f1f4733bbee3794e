package marketfile

import "github.com/redfire-quant/redfire/fault"

func newParquet(*input) (reader, error) { return nil, fault.FileForm.Errorf("it is a folder") }
