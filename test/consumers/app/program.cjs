/** A program of CommonJS that has the package by `require`, trains, prints the report, and ends by itself. */
const { trainings } = require("./trainings.js");
const { train } = require("smigh");

if (typeof train !== "function") throw new Error("smigh has no train");
trainings(process.argv.slice(2)).then((report) => console.log(JSON.stringify(report)));
