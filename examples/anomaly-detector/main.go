// The anomaly detector keeps each sensor's spread over a tumbling window, and at the window's end names
// the sensors with a reading far from the rest.
package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"

	"github.com/ogghead/spin-trigger-kinesis/sdk/go/stream"
)

func init() { stream.Handle(handle) }

func main() {}

type reading struct {
	Sensor string  `json:"sensor"`
	Value  float64 `json:"value"`
}

// spread is what Welford's method needs to know of a sensor's readings, however many they are.
type spread struct {
	Count   int     `json:"n"`
	Mean    float64 `json:"mean"`
	Squares float64 `json:"m2"`
	Least   float64 `json:"least"`
	Most    float64 `json:"most"`
}

func (s *spread) add(value float64) {
	if s.Count == 0 {
		s.Least, s.Most = value, value
	}
	s.Count++
	delta := value - s.Mean
	s.Mean += delta / float64(s.Count)
	s.Squares += delta * (value - s.Mean)
	s.Least = math.Min(s.Least, value)
	s.Most = math.Max(s.Most, value)
}

// farthest is the reading farthest from the mean, in standard deviations.
func (s *spread) farthest() (value, deviations float64) {
	value = s.Most
	if s.Mean-s.Least > s.Most-s.Mean {
		value = s.Least
	}
	deviation := math.Sqrt(s.Squares / float64(s.Count))
	if deviation == 0 {
		return value, 0
	}
	return value, math.Abs(value-s.Mean) / deviation
}

type anomaly struct {
	Window     int64   `json:"window"`
	Sensor     string  `json:"sensor"`
	Value      float64 `json:"value"`
	Mean       float64 `json:"mean"`
	Deviations float64 `json:"deviations"`
	Readings   int     `json:"readings"`
}

const (
	fewestReadings = 20
	mostDeviations = 3.5
)

func handle(context stream.Context, records []stream.Record) (stream.Result, error) {
	sensors := map[string]*spread{}
	if err := context.State(&sensors); err != nil {
		return stream.Result{}, fmt.Errorf("the window's state: %w", err)
	}
	if context.FinalCall() {
		for _, found := range anomalies(context.Window.Start.UnixMilli(), sensors) {
			line, err := json.Marshal(found)
			if err != nil {
				return stream.Result{}, err
			}
			fmt.Println(string(line))
		}
		return stream.Done(), nil
	}
	for _, record := range records {
		var read reading
		if err := record.JSON(&read); err != nil || read.Sensor == "" {
			// Coming again would not mend it.
			fmt.Fprintf(os.Stderr, "record %s is no reading and is left out\n", record.SequenceNumber)
			continue
		}
		if sensors[read.Sensor] == nil {
			sensors[read.Sensor] = &spread{}
		}
		sensors[read.Sensor].add(read.Value)
	}
	return stream.Done().WithState(sensors)
}

func anomalies(window int64, sensors map[string]*spread) []anomaly {
	var found []anomaly
	for name, sensor := range sensors {
		value, deviations := sensor.farthest()
		if sensor.Count >= fewestReadings && deviations > mostDeviations {
			found = append(found, anomaly{window, name, value, sensor.Mean, deviations, sensor.Count})
		}
	}
	slices.SortFunc(found, func(a, b anomaly) int { return int(math.Copysign(1, b.Deviations-a.Deviations)) })
	return found
}
